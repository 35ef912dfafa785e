"""The schema of this version: all tables as they are today, and the number of the newest
migration."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import SQLModel

from config.errors import SyncerError
from syncer.store import tables, web_tables
from syncer.store.database import Database

assert tables, web_tables  # registers the models
HEAD = "0008"  # a database that has it needs no look at the scripts
VERSION = "alembic_version"


def create(database: Database) -> None:
    """What the migrations end at, in an empty database. Raises SyncerError if it is not empty, or
    not what Syncer needs."""
    if not database.file:
        database.check()
    with database.write() as connection:
        if sa.inspect(connection).get_table_names():
            raise SyncerError(f"{database.name} is a database of something else")
        for statement in _statements(connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(
            f"CREATE TABLE {VERSION} (version_num VARCHAR(32) NOT NULL,"
            f" CONSTRAINT {VERSION}_pkc PRIMARY KEY (version_num))"
        )
        connection.execute(
            sa.text(f"INSERT INTO {VERSION} VALUES (:head)"),  # noqa: S608
            {"head": HEAD},
        )


@cache
def _statements(dialect: str) -> tuple[str, ...]:
    """What makes all tables and their indexes, in the words of a kind of database: it takes longer
    to find those than to carry them out."""
    words = sa.make_url(f"{dialect}://").get_dialect()()
    made = []
    for table in SQLModel.metadata.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=words)))
        for index in sorted(table.indexes, key=str):
            made.append(str(CreateIndex(index).compile(dialect=words)))
    return tuple(made)


def revision(database: Database) -> str | None:
    """The newest migration that a database has; None before the first."""
    with database.read() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """The same within a transaction."""
    if not sa.inspect(connection).has_table(VERSION):
        return None
    found = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION}"))  # noqa: S608
    return None if found is None else str(found)
