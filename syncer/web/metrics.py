"""Numbers for Prometheus, read from the database when they are asked for. No amounts, addresses or
keys; sources by the names that the settings give them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.engine import Connection

from syncer.store import alerts, jobs, records
from syncer.store.database import Database
from syncer.store.tables import OutboxRow, PullRow, table

_pull, _outbox = table(PullRow), table(OutboxRow)


def exposition(database: Database) -> bytes:
    """All metrics in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Books(database))
    return generate_latest(registry)


class _Books(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        with self._database.read() as connection:
            yield from _pulls(connection)
            yield from _jobs(connection)
            yield from _alerts(connection)
        size = GaugeMetricFamily("syncer_db_bytes", "Size of the database.")
        size.add_metric([], self._database.size())
        yield size


def _gauge(name: str, help_: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, help_, labels=[label])
    for key, value in sorted(values.items()):
        found.add_metric([key], value)
    return found


def _pulls(connection: Connection) -> Iterator[Metric]:
    last = {s: at.timestamp() for s, (at, _) in records.last_pulls(connection).items() if at}
    name = "syncer_sync_last_success_timestamp_seconds"
    yield _gauge(name, "When a source was last read in full.", "account", last)
    spans = connection.execute(
        sa.select(_pull.c.source, _pull.c.started_at, _pull.c.finished_at)
        .where(_pull.c.finished_at.is_not(None))
        .order_by(_pull.c.id)
    )
    took = {source: (end - start).total_seconds() for source, start, end in spans}
    yield _gauge("syncer_sync_duration_seconds", "What the last pull took.", "account", took)
    rows = CounterMetricFamily("syncer_sync_rows", "New records.", labels=["account"])
    ends = CounterMetricFamily("syncer_sync_pulls", "Pulls.", labels=["account", "outcome"])
    query = sa.select(
        _pull.c.source, _pull.c.outcome, sa.func.count(), sa.func.sum(_pull.c.new_records)
    ).group_by(_pull.c.source, _pull.c.outcome)
    new: Counter[str] = Counter()
    for source, outcome, count, records_ in connection.execute(query):
        new[source] += int(records_ or 0)
        if outcome != "running":
            ends.add_metric([source, outcome], count)
    for source, count in sorted(new.items()):
        rows.add_metric([source], count)
    yield rows
    yield ends


def _jobs(connection: Connection) -> Iterator[Metric]:
    ran = jobs.jobs(connection)
    last = {j.name: j.succeeded_at.timestamp() for j in ran if j.succeeded_at}
    name = "syncer_job_last_success_timestamp_seconds"
    yield _gauge(name, "When a job last succeeded.", "job", last)
    failing = {j.name: float(bool(j.sentence)) for j in ran}
    yield _gauge("syncer_job_failing", "Whether its newest run failed.", "job", failing)
    backup = GaugeMetricFamily("syncer_last_backup_timestamp_seconds", "The last good backup.")
    if "backup" in last:
        backup.add_metric([], last["backup"])
    yield backup


def _alerts(connection: Connection) -> Iterator[Metric]:
    firing = Counter(
        s.key.partition(":")[0]
        for s in alerts.alert_states(connection).values()
        if s.state == "firing"
    )
    yield _gauge("syncer_alerts_open", "Alerts that hold.", "rule", dict(firing))
    told = CounterMetricFamily("syncer_notifications", "Messages.", labels=["result"])
    delivered = _outbox.c.delivered_at.is_not(None)
    failed = ~delivered & _outbox.c.sentence.is_not(None)
    for result, which in (("delivered", delivered), ("failing", failed)):
        query = sa.select(sa.func.count()).select_from(_outbox).where(which)
        told.add_metric([result], connection.execute(query).scalar_one())
    yield told
