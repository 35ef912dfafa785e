"""From every schema that there was, with data; and a migration that fails leaves what was there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from config.errors import SyncerError
from syncer.store import migrate as migrating
from syncer.store.database import Database
from syncer.store.migrate import MIGRATIONS, migrate
from syncer.store.postgres import PostgresDatabase
from syncer.store.schema import HEAD, revision
from tests.store.books import bring_to

AT = "2025-01-02T12:00:00.000000+00:00"
OLD = [f"{n:04}" for n in range(1, int(HEAD))]
# what a person or a source said; the rest is derived anew
SAID = {
    *("raw_record", "cursor", "pull", "reported_balance", "price", "price_gap", "decision"),
    *("identification", "alert", "outbox", "job", "scenario"),
}
Rows = dict[str, dict[str, Any]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'x.db'}")
    yield made
    made.close()


def _fill(database: Database) -> None:
    """One row in each table that there is, of what its columns can hold."""
    with database.write() as connection:
        seen = sa.inspect(connection)
        known = sa.MetaData()
        known.reflect(connection)
        for table in known.sorted_tables:
            if table.name != "alembic_version":
                allowed = dict(_allowed(seen.get_check_constraints(table.name)))
                row = {c.name: _value(c, allowed) for c in table.columns}
                connection.execute(sa.insert(table).values(row))


def _allowed(checks: list[Any]) -> Iterator[tuple[str, str]]:
    for check in checks:
        words = r"(\w+) (?:IN \(|= ANY \(ARRAY\[|= )'(\w+)'"  # of SQLite, of PostgreSQL
        if found := re.search(words, check["sqltext"]):
            yield found[1], found[2]


def _value(column: sa.Column[Any], allowed: dict[str, str]) -> object:
    if column.name in allowed:
        return allowed[column.name]
    if isinstance(column.type, sa.Boolean):
        return False
    if isinstance(column.type, sa.Integer):
        return 7
    if re.search(r"(^at|_at|since|until|_from)$", column.name):
        return AT
    if re.search(r"(usd|quantity|price|reported|computed|value|whole|replacing)$", column.name):
        return "1.25"
    return "[]" if column.name in ("gaps", "parts", "road") else f"some {column.name}"


def _rows(database: Database) -> Rows:
    with database.read() as connection:
        known = sa.MetaData()
        known.reflect(connection)
        found = {}
        for table in known.sorted_tables:
            row = connection.execute(sa.select(table)).mappings().first()
            found[table.name] = {k: str(v) for k, v in row.items()} if row else {}
        return found


@pytest.mark.files_of_sqlite("PostgreSQL begins at the schema of this version")
@pytest.mark.parametrize("start", OLD)
def test_nothing_that_was_said_or_decided_is_lost(database: Database, start: str) -> None:
    bring_to(database, start)
    _fill(database)
    before = {k: v for k, v in _rows(database).items() if k in SAID}
    migrate(database)
    assert revision(database) == HEAD
    after = _rows(database)
    assert len(before) >= 10
    assert {k: {c: after[k][c] for c in row} for k, row in before.items()} == before
    assert database.file is not None
    kept = Database(f"sqlite:///{database.file.path.with_name(f'pre-migrate-{start}.db')}")
    assert {k: v for k, v in _rows(kept).items() if k in SAID} == before
    assert revision(kept) == start
    kept.close()


@pytest.fixture
def next_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A migration that is to come: what it does stands in `upgrade.txt` beside it."""
    folder = tmp_path / "migrations"
    with as_file(MIGRATIONS) as now:
        shutil.copytree(now, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrating, "MIGRATIONS", folder)
    return folder / "versions" / "9999_next.py"


def _write(path: Path, *steps: str, number: str = "9999", after: str = HEAD) -> None:
    head = f'revision = "{number}"\ndown_revision = "{after}"\nbranch_labels = depends_on = None\n'
    body = "".join(f"    {step}\n" for step in steps)
    path.write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\n{head}\n\ndef upgrade():\n{body}"
    )


STEPS = (
    'op.add_column("cursor", sa.Column("more", sa.Text()))',
    "op.execute(\"UPDATE cursor SET more = 'm'\")",
    'op.execute(sa.delete(sa.table("job")))',
)


@pytest.mark.both_engines
def test_a_migration_that_fails_leaves_the_database_as_it_was(
    database: Database, next_schema: Path
) -> None:
    migrate(database)
    _fill(database)
    before = _rows(database)
    _write(next_schema, *STEPS, 'op.execute("SELECT 1 FROM nowhere")')
    with pytest.raises(
        SyncerError, match=rf"stays at schema {HEAD}, because .*nowhere.*a copy of it"
    ):
        migrate(database, "9999")
    assert _rows(database) == before
    assert revision(database) == HEAD
    database.check()
    migrate(database)  # the Syncer that wrote it goes on
    _write(next_schema, *STEPS)
    migrate(database, "9999")
    after = _rows(database)
    assert after["cursor"] == {**before["cursor"], "more": "m"}
    assert after["job"] == {}
    assert _kept(database)["job"] == before["job"]


@pytest.mark.both_engines
def test_of_several_migrations_all_are_done_or_none(database: Database, next_schema: Path) -> None:
    migrate(database)
    _fill(database)
    before = _rows(database)
    _write(next_schema.with_name("9998_before.py"), *STEPS, number="9998")
    _write(next_schema, 'op.execute("SELECT 1 FROM nowhere")', after="9998")
    with pytest.raises(SyncerError, match=f"stays at schema {HEAD}"):
        migrate(database, "9999")
    assert _rows(database) == before
    assert revision(database) == HEAD
    _write(next_schema, 'op.drop_table("entry")', after="9998")  # nothing kept holds on to it
    migrate(database, "9999")
    assert "entry" not in _rows(database)


def _kept(database: Database) -> Rows:
    """The copy that was made before."""
    if isinstance(database.backend, PostgresDatabase):
        with database.read() as connection:
            query = sa.text(f"SELECT * FROM pre_migrate_{HEAD}.job")
            return {
                "job": {k: str(v) for k, v in connection.execute(query).mappings().one().items()}
            }
    assert database.file is not None
    kept = Database(f"sqlite:///{database.file.path.with_name(f'pre-migrate-{HEAD}.db')}")
    try:
        return _rows(kept)
    finally:
        kept.close()
