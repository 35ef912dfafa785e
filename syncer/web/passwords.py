"""The owner's password and second factor: argon2id, codes by time (RFC 6238), and patience."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST = 10  # characters of a password
LONGEST = 1_000
_hasher = PasswordHasher()
_one_at_a_time = asyncio.Semaphore(1)  # each takes 64 MiB


async def hash_of(password: str) -> str:
    async with _one_at_a_time:
        return await asyncio.to_thread(_hasher.hash, password)


async def is_right(password: str, kept: str) -> bool:
    """As slow for a wrong password as for the right one."""
    async with _one_at_a_time:
        return await asyncio.to_thread(_verified, password[: LONGEST + 1], kept)


def _verified(password: str, kept: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


def needs_a_new_hash(kept: str) -> bool:
    """Whether a hash was made with less effort than today's."""
    return _hasher.check_needs_rehash(kept)


def why_not(password: str, again: str) -> str | None:
    """Why a password is not taken, in a sentence."""
    if password != again:
        return "The two passwords differ."
    if not SHORTEST <= len(password) <= LONGEST:
        return f"A password needs {SHORTEST} to {LONGEST} characters; four random words are good."
    if len(set(password)) < 4:
        return "This password is too easy to guess."
    return None


# ---- the second factor


class SecondFactor:
    """The secret of an authenticator, in a file that only the service can read: a backup of the
    database does not hold it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "second-factor"

    def secret(self) -> str | None:
        try:
            return self._file.read_text(encoding="ascii").strip() or None
        except OSError:
            return None

    def keep(self, secret: str) -> None:
        new = self._file.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret)
        new.replace(self._file)

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)


def new_secret() -> str:
    return pyotp.random_base32()


def uri_of(secret: str) -> str:
    """What an authenticator reads from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name="owner", issuer_name="Syncer")


def step_of(secret: str, code: str, now: float) -> int | None:
    """The half minute, counted since 1970, whose code it is: this one or one beside it."""
    totp, digits = pyotp.TOTP(secret), "".join(code.split()).encode()
    this = int(now) // totp.interval
    fitting = [
        step
        for step in (this - 1, this, this + 1)
        if secrets.compare_digest(digits, totp.at(step * totp.interval).encode())
    ]
    return max(fitting, default=None)


# ---- patience


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass
class Throttle:
    """At most so many tries at once from one address and from all, then one every so many seconds.

    One address cannot use up what is left for all.
    """

    each: int = 5
    each_seconds: float = 30.0
    all: int = 50
    all_seconds: float = 3.0
    now: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def may_try(self, address: str) -> bool:
        return self._take(address, self.each, self.each_seconds) and self._take(
            "", self.all, self.all_seconds
        )

    def succeeded(self, address: str) -> None:
        self._buckets.pop(address, None)

    def _take(self, key: str, most: int, seconds: float) -> bool:
        now = self.now()
        if len(self._buckets) > 10_000:  # those that are full again say nothing
            full = most * seconds
            self._buckets = {k: b for k, b in self._buckets.items() if now - b.at < full}
        bucket = self._buckets.setdefault(key, _Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.at) / seconds)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
