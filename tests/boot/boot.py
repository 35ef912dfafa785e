"""Boots a real Debian with Syncer installed as its README says, and looks at the service there.

    sudo make boot-test                   # needs debootstrap, qemu-system-x86 and e2fsprogs

A root is made by debootstrap (once, kept in build/boot), the unit installed into it by the script
of `make install`, the packages from wheels that this machine downloads by the hashed lock. It boots
in qemu-system by software emulation and runs `inside.sh`, which prints one line for each thing that
it saw. The exchange of the sandbox answers from this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from syncer.demo.sandbox import API_KEY, API_SECRET, running
from tests.managed import free_port

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "boot"
BASE = WORK / "debian.tar"
SUITE = "bookworm"
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,linux-image-cloud-amd64"
GUEST_SEES_US_AT = "10.0.2.2"
# emulation runs everywhere; BOOT_ACCELERATION=kvm is faster where nested KVM works
ACCELERATION = os.environ.get("BOOT_ACCELERATION", "tcg,thread=multi")
MINUTES = int(os.environ.get("BOOT_MINUTES", "40"))
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
TOKEN = "boot-test-token-of-the-web-0123456789"
SETTINGS = """
[database]
url = "sqlite:////var/lib/syncer/syncer.db"
[prices]
sources = []
[schedule]
sync = "10s"
[[account]]
name = "kraken"
kind = "exchange"
broker = "Kraken"
venue = "kraken"
api_url = "{exchange}"
rate_limit_ms = 5
"""
NETWORK = "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n"
INSIDE = """[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=BOOT_SHORT={short}
ExecStart=/bin/sh /src/tests/boot/inside.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
SuccessAction=poweroff
FailureAction=poweroff
[Install]
WantedBy=multi-user.target
"""


def main() -> None:
    missing = [p for p in ("debootstrap", "qemu-system-x86_64", "mke2fs") if not shutil.which(p)]
    if missing or os.geteuid():
        sys.exit(f"Missing: {', '.join(missing) or 'root'} (Debian: debootstrap qemu-system-x86)")
    WORK.mkdir(parents=True, exist_ok=True)
    with running(WORK / "sandbox") as addresses:
        exchange = addresses.exchange.replace("127.0.0.1", GUEST_SEES_US_AT)
        root = _root(exchange)
        good = _boot(_disk(root), root)
    sys.exit(0 if good else 1)


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def _run(*command: str | Path, **options: object) -> None:
    subprocess.run([str(c) for c in command], check=True, **options)  # type: ignore[call-overload]


def _root(exchange: str) -> Path:
    """A Debian with Syncer installed, its settings and key in place."""
    root = WORK / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    if not BASE.exists():
        _say("debootstrap (once)")
        _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root)
        _run("tar", "-C", root, "-cf", BASE, ".")
    else:
        _run("tar", "-C", root, "-xf", BASE)
    _say("wheels by the lock")
    _wheels(root / "wheels")
    source = root / "src"
    _run("git", "-C", ROOT, "archive", "--format=tar", "-o", WORK / "src.tar", _tree())
    source.mkdir()
    _run("tar", "-C", source, "-xf", WORK / "src.tar")
    _write(root / "etc/syncer/syncer.toml", SETTINGS.format(exchange=exchange), 0o600)
    keys = root / "etc/syncer/credentials"
    key = json.dumps({"apiKey": API_KEY, "secret": API_SECRET})
    _write(keys / "kraken.json", key, 0o600)
    _write(keys / "web_token", TOKEN, 0o600)
    keys.chmod(0o700)
    _say("make install, in the root")
    with _mounted(root):
        offline = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": "/wheels",
            "PATH": PATH,
        }
        _run("chroot", root, "/src/systemd/install.sh", env=offline)
        _run("chroot", root, "systemctl", "enable", "systemd-networkd", env=offline)
    _write(root / "etc/systemd/network/all.network", NETWORK, 0o644)
    # an upgrade takes 20 minutes of emulation: BOOT_SHORT=1 leaves it out
    inside = INSIDE.format(short=os.environ.get("BOOT_SHORT", ""))
    _write(root / "etc/systemd/system/boot-test.service", inside, 0o644)
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    (wanted / "boot-test.service").symlink_to("/etc/systemd/system/boot-test.service")
    # emulated machines are slow: the rest of the unit is as it is shipped
    slow = "[Service]\nTimeoutStartSec=15min\n"
    _write(root / "etc/systemd/system/syncer.service.d/slow.conf", slow, 0o644)
    return root


def _tree() -> str:
    """The tree that is committed or staged: what is tried is what would be committed."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "write-tree"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _wheels(folder: Path) -> None:
    kept = WORK / "wheels"
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").split("# ---- ")[0]
    if not (kept / "lock").exists() or (kept / "lock").read_text() != lock:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        (WORK / "service.lock").write_text(lock)
        options = ("-qqq", "--disable-pip-version-check", "--require-hashes", "--no-deps")
        pip = (sys.executable, "-m", "pip", "download", *options)
        _run(*pip, "-d", kept, "-r", WORK / "service.lock")
        # one package is there only as source: pip builds it with these
        _run(sys.executable, "-m", "pip", "download", "-qqq", "-d", kept, "setuptools", "wheel")
        (kept / "lock").write_text(lock)
    shutil.copytree(kept, folder)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


@contextmanager
def _mounted(root: Path) -> Iterator[None]:
    _run("mount", "-t", "proc", "proc", root / "proc")
    try:
        yield
    finally:
        _run("umount", root / "proc")


def _disk(root: Path) -> Path:
    disk = WORK / "disk.img"
    disk.unlink(missing_ok=True)
    _say("a disk of it")
    _run("mke2fs", "-q", "-t", "ext4", "-d", root, disk, "3G")
    return disk


def _boot(disk: Path, root: Path) -> bool:
    kernel, first = (
        next(iter(sorted((root / "boot").glob(n)))) for n in ("vmlinuz-*", "initrd.img-*")
    )
    forward = f"hostfwd=tcp:127.0.0.1:{free_port()}-:8377"
    command = [
        "qemu-system-x86_64", "-accel", ACCELERATION, "-cpu", "max",
        "-m", "2048", "-smp", "2", "-nographic", "-no-reboot", "-kernel", str(kernel),
        "-initrd", str(first), "-append",
        "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0",
        "-drive", f"file={disk},if=virtio,format=raw,cache=unsafe",
        "-netdev", f"user,id=n,{forward}", "-device", "virtio-net-pci,netdev=n",
    ]  # fmt: skip
    _say("boot")
    started, seen, ended = time.monotonic(), list[str](), False
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert child.stdout
    try:
        for row in child.stdout:
            if "BOOT-TEST" in row:
                seen.append(row[row.index("BOOT-TEST") :].strip())
                _say(seen[-1])
                ended = seen[-1].startswith("BOOT-TEST end")
                if ended:  # its power-off takes minutes of emulation
                    break
            elif os.environ.get("BOOT_LOUD"):
                print(row.rstrip())
            if time.monotonic() - started > MINUTES * 60:
                _say(f"not done in {MINUTES} minutes")
                break
    finally:
        child.kill()
    failed = [row for row in seen if " FAIL" in row]
    _say(
        f"{len(seen) - len(failed)} seen, {len(failed)} failed, {time.monotonic() - started:.0f} s"
    )
    return ended and not failed


if __name__ == "__main__":
    main()
