#!/bin/sh
# Puts Syncer in place as a system service, or a newer one in place of an older. As root.
#   systemd/install.sh            install or upgrade
#   systemd/install.sh uninstall  remove the program; settings and the database stay
set -eu
umask 022
here=$(cd "$(dirname "$0")/.." && pwd)
prefix=/opt/syncer
unit=/etc/systemd/system/syncer.service
python=${PYTHON:-python3}

die() { echo "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "Installing a system service needs root: sudo make install"
command -v systemctl >/dev/null || die "Missing: systemd"

# whether systemd runs here, and not only lies on the disk (a chroot, an image that is built)
running() { [ -d /run/systemd/system ]; }

if [ "${1:-}" = uninstall ]; then
  if running; then systemctl disable --now syncer.service 2>/dev/null || true; fi
  rm -f "$unit" /etc/systemd/system/multi-user.target.wants/syncer.service
  rm -rf "$prefix"
  if running; then systemctl daemon-reload; fi
  echo "Removed. Your settings in /etc/syncer and the database in /var/lib/syncer stay."
  exit 0
fi

command -v "$python" >/dev/null || die "Missing: python3 (Debian: apt install python3)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Missing: Python 3.11 or newer"
"$python" -c 'import ensurepip, venv' 2>/dev/null || die "Missing: venv (Debian: apt install python3-venv)"

# each version in a folder of its own: what runs is not changed under its feet
new=$prefix/venv-$(date -u +%Y%m%dT%H%M%SZ)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'rm -rf "$work" "$new"; exit 1' INT TERM
echo "Installing into $new"
mkdir -p "$prefix"
"$python" -m venv "$new" || { rm -rf "$new"; die "the venv could not be made"; }
sed '/^# ---- /,$d' "$here/requirements.lock" >"$work/service.lock"
cp -r "$here/syncer" "$here/connectors" "$here/config" "$here/pyproject.toml" "$here/README.md" \
  "$here/LICENSE" "$work/"
pip() { "$new/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
{ pip install --require-hashes -r "$work/service.lock" \
  && pip install --no-deps --no-build-isolation "$work" \
  && "$new/bin/syncer" --help >/dev/null; } \
  || { rm -rf "$new"; die "the packages could not be installed; nothing was changed"; }

old=$(readlink "$prefix/venv" || true)
ln -s "$new" "$prefix/venv.new"
mv -T "$prefix/venv.new" "$prefix/venv"
for each in "$prefix"/venv-*; do
  [ "$each" = "$new" ] || [ "$each" = "$old" ] || rm -rf "$each"
done

install -d -m 0755 /etc/syncer
install -d -m 0700 /etc/syncer/credentials
if [ ! -e /etc/syncer/syncer.toml ]; then
  "$prefix/venv/bin/syncer" init --config /etc/syncer/syncer.toml >/dev/null
  chmod 0600 /etc/syncer/syncer.toml
fi
install -m 0644 "$here/systemd/syncer.service" "$unit"
if running; then
  systemctl daemon-reload
  systemctl enable --quiet syncer.service
  systemctl restart syncer.service
  systemctl --no-pager --lines=0 status syncer.service
else
  systemctl enable --quiet syncer.service
fi
[ -z "$old" ] || echo "The version before is in $old"
echo "Settings: /etc/syncer/syncer.toml; keys: /etc/syncer/credentials/ACCOUNT.json (chmod 600)."
echo "After a change: systemctl restart syncer. What it says: journalctl -u syncer"
