"""Tells the service manager how the service is (sd_notify): one datagram, no library."""

from __future__ import annotations

import os
import socket


def tell(*lines: str) -> bool:
    """Send state lines, for example `READY=1`; False when not run under systemd."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.sendto("\n".join(lines).encode(), address)
    return True


def watchdog_seconds() -> float | None:
    """How often systemd wants a sign of life; None if it does not watch."""
    told = int(os.environ.get("WATCHDOG_USEC", "0"))
    return told / 1_000_000 or None
