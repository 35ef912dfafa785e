"""Opens the database that the settings name."""

from __future__ import annotations

from config.errors import ConfigError
from config.secrets import database_password
from config.settings import Settings
from syncer.store.database import Database


def open_database(settings: Settings) -> Database:
    """Raises ConfigError if its password or its key is missing."""
    told = settings.database
    if told.password_file and not told.encrypted and settings.database_file:
        raise ConfigError(
            "[database] password_file is of PostgreSQL or an encrypted file: say encrypted = true"
        )
    password = database_password(told.password_file, settings.folder, needed=told.encrypted)
    return Database(settings.database_url, password, told.encrypted)
