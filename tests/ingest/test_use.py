"""Who puts a database in place of another has it alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import SyncerError
from syncer.ingest.lock import alone, in_use, single_instance
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.conftest import Run
from tests.store.books import BUY, digest, take

pytestmark = pytest.mark.both_engines


@pytest.fixture
def database(run: Run, config: Path) -> Iterator[Database]:
    take(run, config, BUY)
    made = Database(f"sqlite:///{config.parent / 'syncer.db'}")
    yield made
    made.close()


def test_commands_use_it_beside_each_other(run: Run, config: Path, database: Database) -> None:
    with in_use(database), single_instance(database):
        assert run("lots", config=config).code == 0


def test_nothing_is_restored_or_moved_under_a_command(
    run: Run, config: Path, database: Database, tmp_path: Path
) -> None:
    made = run("backup", "--json", config=config).json["backup"]["file"]
    before = digest(run, config)
    commands = (("restore", made), ("db", "copy", f"sqlite:///{tmp_path / '.new.db'}"))
    with in_use(database):
        for words in commands:
            done = run(*words, config=config)
            assert done.code == 1
            assert "another syncer uses" in done.err
    assert digest(run, config) == before
    for words in commands:
        assert run(*words, config=config).code == 0


def test_no_command_begins_while_one_has_it_alone(
    run: Run, config: Path, database: Database
) -> None:
    with alone(database):
        done = run("lots", config=config)
        assert done.code == 1
        assert "is being restored or copied; try again" in done.err
        again = pytest.raises(SyncerError, match="a service runs on")
        with again, alone(database):
            pass
    assert run("lots", config=config).code == 0


def test_a_new_database_can_be_used_at_once(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'new.db'}")
    migrate(made)
    with alone(made):
        made.can_write()
    made.close()
