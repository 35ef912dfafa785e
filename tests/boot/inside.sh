#!/bin/sh
# Runs inside the booted machine; prints a line for each thing that it saw. See boot.py.
say() { echo "BOOT-TEST $*"; }
check() { # NAME COMMAND...: ok if the command succeeds
  name=$1
  shift
  if "$@" >/tmp/out 2>&1; then say "ok   $name"; return; fi
  say "FAIL $name: $(tail -n 3 /tmp/out | tr '\n' ' ' | cut -c1-300)"
  journalctl -u syncer -n 5 -o cat | while read -r row; do say "log  $row"; done
}
until_true() { # SECONDS COMMAND...
  end=$(($(date +%s) + $1))
  shift
  while ! "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 1
  done
}
shown() { systemctl show -p "$1" --value syncer; }
is() { [ "$(shown "$1")" = "$2" ]; }
status() { /opt/syncer/venv/bin/syncer status --json --config /etc/syncer/syncer.toml; }
records() { status | /opt/syncer/venv/bin/python -c 'import json,sys; print(sum(s["records"] for s in json.load(sys.stdin)["status"]["sources"]))'; }
has_records() { [ "$(records)" = 487 ]; }
ask() { /opt/syncer/venv/bin/python -c "
import sys, urllib.request
request = urllib.request.Request('http://127.0.0.1:8377$1', headers={'Authorization': 'Bearer $2'})
print(urllib.request.urlopen(request, timeout=20).read().decode())"; }
first_link() { journalctl -u syncer -o cat | sed -n 's/.*set the password of the page: //p' | tail -n 1; }
quiet() { ! journalctl -u syncer | grep -qE "$1"; }
restarted() { [ "$(shown NRestarts)" -gt "$1" ] && is ActiveState active; }

say "kernel $(uname -r), systemd $(systemctl --version | head -n 1 | cut -d' ' -f2), $(nproc) processors"

# READY is what makes a unit of Type=notify active
check "active, so READY was seen" until_true 900 is ActiveState active
check "a dynamic user" is DynamicUser yes
check "not root" sh -c '[ "$(ps -o user= -p "$(systemctl show -p MainPID --value syncer)" 2>/dev/null || stat -c %U /proc/"$(systemctl show -p MainPID --value syncer)")" != root ]'
check "the key came as a credential and the exchange is read in full" until_true 600 has_records
check "the status line" until_true 60 sh -c 'systemctl show -p StatusText --value syncer | grep -q "1/1 sources fresh"'
check "the database is private" sh -c '[ "$(stat -c %a /var/lib/private/syncer/syncer.db)" = 600 ] && [ "$(stat -c %a /var/lib/private/syncer)" = 700 ]'
check "root looking at the books leaves nothing that the service cannot open" sh -c '! find /var/lib/private/syncer/ -mindepth 1 -user root | grep .'
check "healthz" ask /healthz ''
check "metrics with the token that came as a credential" ask /metrics boot-test-token-of-the-web-0123456789
check "the first link, the pages, a chart and papers" \
  /opt/syncer/venv/bin/python /src/tests/boot/page.py "$(first_link)" 2025
check "no secret in the environment, the unit or the journal" quiet 'boot-test-token|kQH5|"secret"'
say "exposure $(systemd-analyze security syncer --no-pager 2>/dev/null | tail -n 1 | sed 's/.*: //' | cut -c1-40)"

# a kill
before=$(shown NRestarts)
kill -9 "$(shown MainPID)"
check "restarted after a kill" until_true 900 restarted "$before"

# a blocked loop: systemd misses the signs of life
mkdir -p /run/systemd/system/syncer.service.d
printf '[Service]\nWatchdogSec=20s\nRestartSec=1s\n' >/run/systemd/system/syncer.service.d/soon.conf
systemctl daemon-reload
check "restarts by hand" systemctl restart syncer
sleep 25
check "alive beyond its watchdog's time" is NRestarts 0
kill -STOP "$(shown MainPID)"
check "the watchdog fires on a blocked loop" until_true 120 sh -c 'journalctl -u syncer | grep -q "Watchdog timeout"'
check "and it comes back" until_true 900 restarted 0

# wrong settings: stops once and stays
cp /etc/syncer/syncer.toml /root/good.toml
echo '[lots]' >>/etc/syncer/syncer.toml
echo 'method = "best"' >>/etc/syncer/syncer.toml
systemctl restart syncer 2>/dev/null
check "wrong settings end it with 78" until_true 120 is ExecMainStatus 78
sleep 5
check "and it is not tried again" is ActiveState failed
cp /root/good.toml /etc/syncer/syncer.toml
systemctl reset-failed syncer
check "right ones start it" systemctl restart syncer

if [ -z "$BOOT_SHORT" ]; then
# a newer version in its place
old=$(readlink /opt/syncer/venv)
check "an upgrade in place" env PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels /src/systemd/install.sh
check "runs from a new folder" sh -c "[ \"\$(readlink /opt/syncer/venv)\" != '$old' ] && [ -d '$old' ]"
check "active after it" until_true 900 is ActiveState active
check "with all that it had" until_true 300 has_records

fi

rm /run/systemd/system/syncer.service.d/soon.conf

# a user that stays, and settings read again
install -D -m 0644 /src/systemd/sysusers.conf /etc/sysusers.d/syncer.conf
systemd-sysusers
install -m 0644 /src/systemd/static-user.conf /etc/systemd/system/syncer.service.d/static-user.conf
chgrp syncer /etc/syncer/syncer.toml
chmod 0640 /etc/syncer/syncer.toml
systemctl daemon-reload
check "restarts as a static user" systemctl restart syncer
check "which owns the database" sh -c '[ "$(stat -L -c %U /var/lib/syncer/syncer.db)" = syncer ]'
check "reload" systemctl reload syncer
check "reads the settings again" until_true 60 sh -c 'journalctl -u syncer | grep -q "the settings are read again"'

# the end
start=$(date +%s)
check "stops" systemctl stop syncer
check "within its time" [ $(($(date +%s) - start)) -le 30 ]
check "cleanly" is Result success
check "uninstalled, the books stay" sh -c '/src/systemd/install.sh uninstall && [ ! -e /opt/syncer ] && [ -e /var/lib/syncer/syncer.db ]'
say "end"
sync
