"""doctor says what is not as it should be, and its bundle says nothing that is private."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from syncer import doctor
from syncer.bundle import shown
from syncer.doctor import Finding, worst
from syncer.ingest.lock import single_instance
from syncer.redaction import Redaction
from syncer.store.database import Database
from tests.conftest import Run
from tests.reports.reporting import JOURNAL

# each is private, and must be in no bundle
MARKERS = {
    "account": "grandmas-kraken",
    "address": "0x52908400098527886E0F7030069857D2E4169EE7",
    "xpub": "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu",
    "broker account": "ACCT-99-7771",
    "key": "marker-api-key-000000000001",
    "secret": "bWFya2VyLXNlY3JldC0wMDAwMDAwMDAwMDE=",
    "channel": "my-secret-topic-0001",
    "node": "node-of-mine.example",
    "node token": "f00dfeedf00dfeedf00dfeed",
    "host": "syncer.my-home.example",
    "income": "123456.78",
    "quantity": "7.77123",
}
SETTINGS = """
[taxpayer]
ordinary_income = 123456.78
[alerts]
urls = ["ntfy://{channel}"]
[web]
hosts = ["{host}"]
[chains.ethereum]
chain_id = 1
rpc = ["https://{node}/v3/{node token}"]
[[account]]
name = "{account}"
kind = "exchange"
venue = "kraken"
broker = "Kraken"
broker_account = "{broker account}"
key_file = "key.json"
api_url = "http://127.0.0.1:9"
[[account]]
name = "vault"
kind = "wallet"
addresses = ["{address}"]
chains = ["ethereum"]
[[account]]
name = "cold"
kind = "manual"
addresses = ["{xpub}"]
"""


@pytest.fixture
def home(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNCER_NOW", "2026-06-01T12:00:00Z")
    config.write_text(config.read_text() + SETTINGS.format(**MARKERS))
    config.chmod(0o600)
    key = config.parent / "key.json"
    key.touch(mode=0o600)
    key.write_text(json.dumps({"apiKey": MARKERS["key"], "secret": MARKERS["secret"]}))
    journal = config.parent / "j.csv"
    row = f"2025-01-02T12:00:00Z,buy,{MARKERS['account']},USD,100,BTC,7.77123,,\n"
    journal.write_text(JOURNAL + row)
    assert run("import", str(journal), config=config).code == 0
    return config


def _by_what(run: Run, config: Path, *words: str) -> dict[str, tuple[str, str]]:
    found = run("doctor", "--offline", *words, "--json", config=config).json["doctor"]["findings"]
    return {f["what"]: (f["severity"], f["sentence"]) for f in found}


def test_what_is_well_is_said_to_be_well(run: Run, home: Path) -> None:
    assert run("backup", config=home).code == 0
    found = _by_what(run, home)
    assert {found[x][0] for x in ("versions", "settings", "database", "backup")} == {"ok"}
    assert found["service"] == ("note", "no service runs on this database")
    with single_instance(Database(f"sqlite:///{home.parent / 'syncer.db'}")):
        assert "service" not in _by_what(run, home)


def test_a_bundle_has_what_a_report_needs_and_nothing_private(run: Run, home: Path) -> None:
    done = run("doctor", "--bundle", "--json", config=home)
    assert done.code == 1  # the exchange does not answer
    made = Path(done.json["doctor"]["bundle"])
    assert made.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(made) as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    whole = "\n".join(texts.values())
    assert [what for what, marker in MARKERS.items() if marker in whole] == []
    assert str(home.parent) not in whole
    assert json.loads(texts["database.json"])["rows"]["raw_record"] == 1
    settings = json.loads(texts["settings.json"])
    assert settings["account"][0]["venue"] == "kraken"
    assert settings["taxpayer"]["ordinary_income"] == "set"
    findings = json.loads(texts["findings.json"])
    assert any(f["what"].startswith("ACCOUNT1") and f["severity"] == "wrong" for f in findings)


def test_settings_that_others_can_read_and_a_damaged_database_are_said(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.chmod(0o644)
    assert _by_what(run, home)["settings"][0] == "check"
    monkeypatch.setenv("SYNCER_NOW", "2026-06-09T12:00:00Z")
    assert _by_what(run, home)["backup"] == ("check", "there is no backup: syncer backup")


@pytest.mark.parametrize(
    ("free", "severity"), [(50_000_000, "wrong"), (500_000_000, "check"), (50_000_000_000, "ok")]
)
def test_a_full_disk_is_said(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, free: int, severity: str
) -> None:
    class Usage:
        def __init__(self) -> None:
            self.free = free

    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage())
    assert _by_what(run, home)["disk"][0] == severity


@pytest.mark.parametrize(("unsure", "severity"), [(True, "check"), (False, "ok")])
def test_a_clock_that_nobody_keeps_is_said(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, unsure: bool, severity: str
) -> None:
    monkeypatch.setattr(doctor, "_is_unsure", lambda: unsure)
    assert _by_what(run, home)["clock"][0] == severity


def test_the_worst_counts() -> None:
    def of(*severities: Any) -> str:
        return worst(Finding("x", s, "") for s in severities)

    assert (of(), of("ok", "note"), of("check", "note"), of("ok", "wrong", "check")) == (
        "ok",
        "note",
        "check",
        "wrong",
    )


def test_what_may_be_private_is_only_said_to_be_set() -> None:
    told = shown(Settings(alerts={"urls": ["ntfy://x"], "detail": "full"}).model_dump(mode="json"))  # type: ignore[arg-type]
    assert told["alerts"]["urls"] == ["set"]
    assert told["alerts"]["detail"] == "full"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("kraken: 1.25 BTC of $1,234.50 at 0x52908400098527886E0F", "kraken: # BTC of # at 0x…"),
        ("asked https://u:p@host/x?key=abc and me@host.example", "asked https://… and MAIL"),
        ("record LQ7ZKX-4F5DG-9JWQ3A1BCDEFG is odd", "record … is odd"),
        ("it last succeeded 2026-06-01 12:00 UTC", "it last succeeded 2026-06-01 12:00 UTC"),
    ],
)
def test_texts_are_cleaned_and_stay_readable(text: str, clean: str) -> None:
    assert Redaction(Settings()).clean(text) == clean


def test_a_bundle_does_not_say_where_a_server_is() -> None:
    database = {"url": "postgresql://jane@books.janedoe.example/janes_taxes"}
    redaction = Redaction(Settings(database=database))  # type: ignore[arg-type]
    told = "the database janes_taxes of PostgreSQL on books.janedoe.example cannot be used: jane"
    assert redaction.clean(told) == (
        "the database DATABASE-1 of PostgreSQL on SERVER-1 cannot be used: DATABASE-2"
    )
