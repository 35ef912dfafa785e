"""SQLCipher: the file, its log and its backups hold nothing that reads without the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from syncer.store import sqlite
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.conftest import Run
from tests.store.books import digest, take

pytestmark = pytest.mark.files_of_sqlite("files alone are encrypted")
KEY = "SANDBOXKEY-of-the-file's-pages-1"
BUY = "2025-01-02T12:00:00Z,buy,kraken-of-mine,USD,10000,BTC,1,,\n"
LATER = "2025-03-02T12:00:00Z,buy,kraken-of-mine,USD,20000,BTC,1,,\n"


@pytest.fixture
def encrypted(config: Path) -> Path:
    """Settings of an encrypted database."""
    key = config.parent / "key"
    key.write_text(f"{KEY}\n")
    key.chmod(0o600)
    told = '[database]\nencrypted = true\npassword_file = "key"\n'
    config.write_text(f"{config.read_text()}\n{told}")
    return config


def test_nothing_can_be_read_without_the_key(run: Run, encrypted: Path) -> None:
    take(run, encrypted, BUY)
    made = Path(run("backup", "--json", config=encrypted).json["backup"]["file"])
    left = [*encrypted.parent.glob("syncer.db*"), made]
    for path in left:
        assert b"SQLite format 3" not in path.read_bytes()
        assert b"kraken-of-mine" not in path.read_bytes()
    assert len(left) >= 2


def test_it_works_as_any_other(run: Run, encrypted: Path) -> None:
    take(run, encrypted, BUY)
    then = digest(run, encrypted)
    made = run("backup", "--json", config=encrypted).json["backup"]["file"]
    take(run, encrypted, LATER)
    told = run("restore", made, "--json", config=encrypted).json["restore"]
    assert (told["digest"], told["unchanged"]) == (then, True)
    found = run("doctor", "--offline", "--json", config=encrypted).json["doctor"]["findings"]
    assert next(f["severity"] for f in found if f["what"] == "database") == "ok"


@pytest.mark.parametrize("other", ["another-key-of-enough-length", None])
def test_another_key_or_none_is_one_sentence(run: Run, encrypted: Path, other: str | None) -> None:
    take(run, encrypted, BUY)
    if other is None:
        words = ("encrypted", "password_file")
        plain = [x for x in encrypted.read_text().splitlines() if not x.startswith(words)]
        encrypted.write_text("\n".join(plain))
    else:
        (encrypted.parent / "key").write_text(other)
    done = run("lots", config=encrypted)
    assert done.code == (1 if other is None else 78)
    assert ("is damaged or encrypted" if other is None else "the key of ") in done.err
    assert done.err.count("\n") == 1


def test_a_plain_file_is_not_taken_for_an_encrypted_one(run: Run, config: Path) -> None:
    take(run, config, BUY)
    (config.parent / "key").write_text(KEY)
    (config.parent / "key").chmod(0o600)
    config.write_text('[database]\nencrypted = true\npassword_file = "key"\n')
    done = run("lots", config=config)
    assert done.code == 78
    assert "or the file is not encrypted" in done.err


def test_a_plain_one_is_copied_into_an_encrypted_one(
    run: Run, config: Path, tmp_path: Path
) -> None:
    take(run, config, BUY)
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    target = f"sqlite:///{tmp_path / 'new' / 'syncer.db'}"
    words = ("db", "copy", target, "--encrypted", "--password-file", str(key), "--json")
    assert run(*words, config=config).json["copy"]["unchanged"] is True
    made = tmp_path / "new" / "syncer.db"
    assert b"SQLite format 3" not in made.read_bytes()
    assert made.stat().st_mode & 0o777 == 0o600
    opened = Database(target, KEY, encrypted=True)
    migrate(opened)
    opened.check()
    opened.close()


@pytest.mark.parametrize("key", ["", "short"])
def test_a_short_key_is_refused(run: Run, encrypted: Path, key: str) -> None:
    (encrypted.parent / "key").write_text(key)
    done = run("lots", config=encrypted)
    assert done.code == 78
    assert "needs a key of at least 20 characters" in done.err


def test_a_key_that_is_no_text_is_refused(run: Run, encrypted: Path) -> None:
    """As `head -c 32 /dev/urandom` makes it: what cannot be read would become one key for all."""
    (encrypted.parent / "key").write_bytes(bytes(range(200, 232)))
    done = run("lots", config=encrypted)
    assert done.code == 78
    assert "holds what is no text" in done.err


def test_a_key_for_a_file_that_is_not_encrypted_is_refused(run: Run, encrypted: Path) -> None:
    encrypted.write_text(encrypted.read_text().replace("true", "false"))
    done = run("lots", config=encrypted)
    assert done.code == 78
    assert "say encrypted = true" in done.err
    assert not (encrypted.parent / "syncer.db").exists()


def test_a_copy_is_encrypted_with_the_key_that_is_named_for_it(
    run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCER_DATABASE_PASSWORD", "SANDBOXKEY-of-another-database")
    done = run("db", "copy", f"sqlite:///{tmp_path / 'new.db'}", "--encrypted", config=config)
    assert done.code == 2
    assert "--encrypted needs --password-file" in done.err


@pytest.mark.parametrize("there", [True, False])
def test_a_backup_of_the_other_kind_says_what_to_do(run: Run, encrypted: Path, there: bool) -> None:
    settings = encrypted.read_text()
    lines = settings.splitlines()
    plain = "\n".join(x for x in lines if not x.startswith(("encrypted", "password_file")))
    for first, name in (
        (settings if there else plain, "a.db"),
        (plain if there else settings, "b"),
    ):
        encrypted.write_text(first.replace("[database]", f'[database]\nurl = "sqlite:///{name}"'))
        if name == "a.db":
            take(run, encrypted, BUY)
            made = run("backup", "--json", config=encrypted).json["backup"]["file"]
    done = run("restore", made, config=encrypted)
    assert done.code == 1
    words = "it is damaged, encrypted or of another key" if there else "it is not encrypted"
    assert words in done.err


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlcipher3", None)
    with pytest.raises(ConfigError, match=r"install taxlot-syncer\[encrypted\]"):
        sqlite.driver_for(KEY)


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(sqlite.driver_for(KEY))
