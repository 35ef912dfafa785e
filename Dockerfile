# syntax=docker/dockerfile:1
# Syncer in a container: no root, nothing writable but /data. See compose.yaml.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
# the first part of the lock is what the service needs
RUN sed '/^# ---- /,$d' requirements.lock > /tmp/service.lock \
 && python -m venv /opt/syncer/venv \
 && /opt/syncer/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes -r /tmp/service.lock
COPY config ./config
COPY connectors ./connectors
COPY syncer ./syncer
RUN /opt/syncer/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
      --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --uid 8377 --home-dir /data --shell /usr/sbin/nologin syncer \
 && install -d -m 0700 -o syncer -g syncer /data
COPY --from=build /opt/syncer /opt/syncer
ENV PATH=/opt/syncer/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 \
    STATE_DIRECTORY=/data \
    CREDENTIALS_DIRECTORY=/run/secrets \
    SYNCER_CONFIG=/etc/syncer/syncer.toml
USER syncer
WORKDIR /data
VOLUME /data
EXPOSE 8377
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8377/readyz', timeout=8)"]
ENTRYPOINT ["syncer"]
CMD ["run"]
