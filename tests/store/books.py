"""Small books for the tests of this folder: what goes in, and one number for all of it."""

from __future__ import annotations

from importlib.resources import as_file
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from syncer.store.database import Database
from syncer.store.migrate import MIGRATIONS
from tests.conftest import Run
from tests.reports.reporting import JOURNAL, take_in

BUY = "2025-01-02T12:00:00Z,buy,k,USD,10000,BTC,1,,\n"
LATER = "2025-03-02T12:00:00Z,buy,k,USD,20000,BTC,1,,\n"


def take(run: Run, config: Path, row: str) -> None:
    take_in(run, config, "j.csv", JOURNAL + row)


def digest(run: Run, config: Path) -> str:
    return str(run("rebuild", "--json", config=config).json["rebuild"]["digest"])


def bring_to(database: Database, revision: str) -> None:
    """An old schema, as it was made then."""
    with as_file(MIGRATIONS) as folder:
        alembic = Config()
        alembic.set_main_option("script_location", str(folder))
        alembic.attributes["database"] = database
        command.upgrade(alembic, revision)
    database.close()


def schema_of(database: Database) -> dict[str, object]:
    """All that the engine knows of every table, whatever order it was made in."""
    with database.read() as connection:
        seen = sa.inspect(connection)

        def of(table: str) -> dict[str, object]:
            found = {
                "columns": seen.get_columns(table),
                "key": [seen.get_pk_constraint(table)],
                "indexes": seen.get_indexes(table),
                "unique": seen.get_unique_constraints(table),
                "references": seen.get_foreign_keys(table),
                "checks": seen.get_check_constraints(table),
            }
            return {k: sorted(map(_text, v)) for k, v in found.items()}

        return {table: of(table) for table in seen.get_table_names()}


def _text(told: object) -> str:
    if isinstance(told, dict):
        return " ".join(f"{k}={_text(v)}" for k, v in sorted(told.items()))
    return str(told)
