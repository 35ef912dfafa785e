"""`syncer identify`: recorded before the sale, provable, refused when late."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from syncer.store.database import Database
from tests.conftest import Run

JOURNAL = """time,kind,account,out_asset,out_quantity,in_asset,in_quantity
2025-01-02T12:00:00Z,buy,k,USD,100,BTC,1
2025-02-02T12:00:00Z,buy,k,USD,300,BTC,1
"""
SALE = "2025-03-02T12:00:00Z,sell,k,BTC,1,USD,400\n"
SETTINGS = '[[account]]\nname = "k"\nkind = "manual"\nbroker = "Kraken"\n'
LOT = ("--account", "k", "--asset", "BTC", "--lot", "2025-02-02T12:00:00Z:1")


@pytest.fixture
def books(run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNCER_NOW", "2025-03-01T12:00:00Z")
    config.write_text(config.read_text() + SETTINGS)
    (tmp_path / "j.csv").write_text(JOURNAL)
    assert run("import", str(tmp_path / "j.csv"), config=config).code == 0
    return config


def _sell(run: Run, config: Path, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sale.csv").write_text(JOURNAL.splitlines()[0] + "\n" + SALE)
    assert run("import", str(tmp_path / "sale.csv"), config=config).code == 0
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    return {k: row[k] for k in ("basis_usd", "identification")}


def test_lots_of_one_sale_recorded_before_it_are_proved(
    run: Run, books: Path, tmp_path: Path
) -> None:
    done = run("identify", *LOT, "--before", "2025-03-03T00:00:00Z", config=books)
    assert (done.code, done.err) == (0, "")
    assert "1 acquired 2025-02-02T12:00:00Z of BTC for the first sale at k until" in done.out
    assert "It is proved. Hash " in done.out
    assert "Text to send to the broker, no later than the sale:" in done.out
    assert _sell(run, books, tmp_path) == {"basis_usd": "300.00", "identification": "proved"}
    (row,) = run("identify", "--list", "--json", config=books).json["identify"]
    assert row["lots"] == [
        {"acquired_at": "2025-02-02T12:00:00Z", "quantity": "1", "unit_basis_usd": None}
    ]
    assert (row["rule"], row["before"]) == ("named", "2025-03-03T00:00:00Z")


def test_identification_after_the_sale_is_refused_with_the_reason(
    run: Run, books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCER_NOW", "2025-03-02T13:00:00Z")
    done = run("identify", *LOT, "--before", "2025-03-02T12:00:00Z", config=books)
    assert done.code == 2
    assert "cannot bind a sale before 2025-03-02T12:00:00Z" in done.err
    assert "FIFO applies to that sale" in done.err
    # and one that pretends a later sale leaves this one alone
    run("identify", *LOT, "--before", "2025-03-09T12:00:00Z", config=books)
    assert _sell(run, books, tmp_path) == {"basis_usd": "100.00", "identification": "none"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*LOT[:-1], "2025-02-02T12:00:00Z:2"), "only 1 units acquired then lie there"),
        ((*LOT[:-1], "2025-02-02"), "must be ACQUIRED_AT:QUANTITY"),
        ((*LOT[:-1], "2025-02-02T12:00:00:1"), "needs an offset"),
        ((*LOT[2:],), "need --account, --asset and --before"),
        ((*LOT, "--rule", "hifo"), "no --rule, no --effective"),
        ((*LOT, "--recorded", "2025-02-28T12:00:00Z"), "--recorded and --attested go together"),
        ((*LOT, "--given-to-broker", "2025-05-01T12:00:00Z"), "lies in the future"),
    ],
)
def test_what_cannot_be_recorded(
    arguments: tuple[str, ...], sentence: str, run: Run, books: Path
) -> None:
    done = run("identify", *arguments, "--before", "2025-03-03T00:00:00Z", config=books)
    assert done.code == 2
    assert sentence in " ".join(done.err.split())
    assert run("identify", "--list", "--json", config=books).json["identify"] == []


def test_two_lots_of_one_time_are_told_apart_by_basis(
    run: Run, books: Path, tmp_path: Path
) -> None:
    twin = "2025-02-02T12:00:00Z,buy,k,USD,500,BTC,1\n"
    (tmp_path / "twin.csv").write_text(JOURNAL.splitlines()[0] + "\n" + twin)
    run("import", str(tmp_path / "twin.csv"), config=books)
    before = ("--before", "2025-03-03T00:00:00Z")
    done = run("identify", *LOT, *before, config=books)
    assert done.code == 2
    assert "2 lots of that time have different bases" in " ".join(done.err.split())
    dear = (*LOT[:-1], "2025-02-02T12:00:00Z:1@500")
    assert run("identify", *dear, *before, config=books).code == 0
    assert _sell(run, books, tmp_path)["basis_usd"] == "500.00"


def test_order_for_a_broker_comes_with_the_text_to_send(run: Run, books: Path) -> None:
    done = run("identify", "--rule", "hifo", "--account", "k", config=books)
    assert "please treat as sold, disposed of or transferred the units with the highest" in done.out
    assert "sales until 2026-12-31" in done.out
    told = ("--given-to-broker", "2025-03-01T11:00:00Z")
    done = run("identify", "--rule", "hifo", "--account", "k", *told, config=books)
    assert "Text to send" not in done.out
    rows = run("identify", "--list", "--json", config=books).json["identify"]
    assert [r["given_to_broker_at"] for r in rows] == [None, "2025-03-01T11:00:00Z"]


@pytest.mark.parametrize("column", ["rule", "lots", "before_at", "given_to_broker_at", "attested"])
def test_a_changed_record_is_found_out(column: str, run: Run, books: Path, tmp_path: Path) -> None:
    run("identify", *LOT, "--before", "2025-03-03T00:00:00Z", config=books)
    run("identify", "--rule", "hifo", "--account", "k", config=books)
    assert "whole: 2 rows" in run("identify", "--verify", config=books).out
    value = "hifo" if column == "rule" else "2025-03-04T00:00:00.000000+00:00"
    _change(tmp_path, f"UPDATE identification SET {column} = '{value}' WHERE id = 1")
    done = run("identify", "--verify", config=books)
    assert done.code == 1
    assert "broken at row 1" in done.out


def _change(folder: Path, statement: str) -> None:
    database = Database(f"sqlite:///{folder / 'syncer.db'}")
    with database.write() as connection:
        connection.exec_driver_sql(statement)
    database.close()


def test_text_cannot_pass_for_the_fields_after_it(run: Run, books: Path, tmp_path: Path) -> None:
    order = ("--rule", "hifo", "--account", "k", "--effective", "2025-01-01T00:00:00Z")
    told = '[null, null, "2025-01-01T00:00:00+00:00"]'
    done = run("identify", *order, "--attested", f"a letter\n{told}", config=books)
    assert done.code == 2
    assert "--attested must be one line" in done.err
    words = ("--attested", "a notebook\n")
    assert run("identify", *order, *words, config=books).code == 0
    assert run("identify", "--verify", config=books).code == 0
    (row,) = run("identify", "--list", "--json", config=books).json["identify"]
    assert row["attested"] == "a notebook"
    # and a row that has it all the same, with a hash that follows, is no proof
    database = Database(f"sqlite:///{tmp_path / 'syncer.db'}")
    with database.write() as connection:
        (parts,) = connection.exec_driver_sql(
            "SELECT previous_hash, recorded_at, effective_at, account, rule FROM identification"
        ).all()
        previous, recorded, effective, account, rule = parts
        text = f"a letter\n{told}"
        instants = [datetime.fromisoformat(x).isoformat() for x in (recorded, effective)]
        content = "\n".join((previous, *instants, account, "", rule, text))
        forged = hashlib.sha256(content.encode()).hexdigest()
        update = sa.text("UPDATE identification SET attested = :text, hash = :hash")
        connection.execute(update, {"text": text, "hash": forged})
    database.close()
    assert "broken at row 1" in run("identify", "--verify", config=books).out


def test_account_that_is_sold_out_can_be_named(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "j.csv").write_text(JOURNAL + SALE + SALE.replace("03-02", "03-03"))
    run("import", str(tmp_path / "j.csv"), config=config)
    early = ("--effective", "2025-02-15T00:00:00Z", "--attested", "a letter")
    assert run("identify", "--rule", "hifo", "--account", "k", *early, config=config).code == 0
    rows = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert [(r["basis_usd"], r["identification"]) for r in rows] == [
        ("300.00", "attested"),
        ("100.00", "attested"),
    ]


@pytest.mark.parametrize("asset", ["btc", "Bitcoin", "XBT", "USD"])
def test_asset_that_nothing_holds_is_refused(asset: str, run: Run, books: Path) -> None:
    done = run("identify", "--rule", "hifo", "--account", "k", "--asset", asset, config=books)
    assert done.code == 2
    assert f"there is no asset {asset} at k; there: BTC" in done.err
    assert run("identify", "--list", "--json", config=books).json["identify"] == []


def test_attested_without_words_is_refused(run: Run, books: Path) -> None:
    early = ("--effective", "2025-02-15T00:00:00Z", "--attested", " ")
    done = run("identify", "--rule", "hifo", "--account", "k", *early, config=books)
    assert done.code == 2
    assert "--attested needs words" in done.err
    assert run("identify", "--list", "--json", config=books).json["identify"] == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_ends_of_the_calendar_are_refused(at: str, run: Run, books: Path) -> None:
    lot = (*LOT[:-1], f"{at}:1")
    for arguments in ((*lot, "--before", "2025-03-03T00:00:00Z"), (*LOT, "--before", at)):
        done = run("identify", *arguments, config=books)
        assert done.code == 2
        assert "is not a time at which coins were held" in done.err
    assert run("identify", "--list", "--json", config=books).json["identify"] == []


def test_a_unit_is_named_once(run: Run, books: Path) -> None:
    twice = (*LOT, "--lot", "2025-02-02T12:00:00Z:0.5", "--before", "2025-03-03T00:00:00Z")
    done = run("identify", *twice, config=books)
    assert done.code == 2
    assert "only 0 units acquired then lie there" in " ".join(done.err.split())


def test_from_2027_harvest_follows_what_the_broker_knows(
    run: Run, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ("identify", "--rule", "hifo", "--account", "k")
    price = ("harvest", "--price", "BTC=200", "--json")
    run(*order, config=books)
    monkeypatch.setenv("SYNCER_NOW", "2026-12-01T12:00:00Z")
    (now,) = run(*price, config=books).json["harvest"]
    assert now["lots"][0]["basis_usd"] == "300.00"  # the dear lot, by the own books
    monkeypatch.setenv("SYNCER_NOW", "2027-06-01T12:00:00Z")
    found = run(*price, config=books).json["harvest"]
    assert all(r["lots"][0]["basis_usd"] == "100.00" for r in found)  # FIFO
    run(*order, "--given-to-broker", "2027-05-01T12:00:00Z", config=books)
    monkeypatch.setenv("SYNCER_NOW", "2027-06-02T12:00:00Z")
    (told,) = run(*price, config=books).json["harvest"]
    assert told["lots"][0]["basis_usd"] == "300.00"
