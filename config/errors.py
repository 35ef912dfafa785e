"""Every error that Syncer raises on purpose, named after what must be done.

    SyncerError
    ├── ConfigError      stop; a person must change the settings (exit 78)
    ├── UsageError       the command line asks for something that cannot be (exit 2)
    ├── AuthError        pause this source and say so; trying again does not help
    ├── TransientError   try again later
    │   └── RateLimited  try again, not before `retry_after` seconds
    └── DataError        set this record aside, show it, go on with the rest

Each message is one sentence for a person: what, where, and what to do. No message holds a secret.
They live in the lowest room so that every room can raise them.
"""

from __future__ import annotations


class SyncerError(Exception):
    """Base of all expected errors."""


class ConfigError(SyncerError):
    """The settings are wrong: stop and let a person change them."""


class UsageError(SyncerError):
    """The command asks for something that does not exist or does not fit."""


class AuthError(SyncerError):
    """A venue refused the key, or the key may do more than it must: pause this source."""


class TransientError(SyncerError):
    """The other side did not answer properly this time."""


class RateLimited(TransientError):
    """The other side asked us to wait; `retry_after` is in seconds, or None if it did not say."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DataError(SyncerError):
    """One record cannot be read: it is kept, shown and passed over."""
