"""reconcile on the command line: a person's word on a line, expected forms, messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config import settings as configuration
from syncer.alerts import forms
from syncer.form_alerts import tell_new_gaps, tell_of_the_month
from syncer.pipeline import Pipeline
from syncer.reconcile.model import Gap
from syncer.store import alerts
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.conftest import Run

SETTINGS = '[[account]]\nname = "k"\nkind = "manual"\nbroker = "Kraken"\nbroker_account = "1"\n'
JOURNAL = """time,kind,account,out_asset,out_quantity,in_asset,in_quantity
2025-01-02T15:00:00Z,buy,k,USD,100,ETH,2
2025-05-05T15:00:00Z,sell,k,ETH,1,USD,90
2025-07-07T15:00:00Z,sell,k,ETH,1,USD,80
"""
FORM = """broker,account,tax_year,line,digital_asset_name,units,date_sold,proceeds
Kraken,1,2025,1,Ethereum,1,2025-05-05,95
Kraken,1,2025,2,Ethereum,1.5,2025-09-09,80
"""


@pytest.fixture
def books(run: Run, config: Path) -> Path:
    config.write_text(config.read_text() + SETTINGS)
    for name, text in (("j.csv", JOURNAL), ("f.csv", FORM)):
        (config.parent / name).write_text(text)
        assert run("import", str(config.parent / name), config=config).code == 0
    return config


def _found(run: Run, books: Path, *words: str) -> dict[str, Any]:
    done = run("reconcile", "--year", "2025", "--json", *words, config=books)
    found: dict[str, Any] = done.json["reconcile"]
    return found


def _lines(run: Run, books: Path) -> list[tuple[str, list[str], list[str]]]:
    lines = _found(run, books)["lines"]
    return [(x["status"], x["disposal_ids"], x["reasons"]) for x in lines]


def _disposals(run: Run, books: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("disposals", "--year", "2025", "--json", config=books).json[
        "disposals"
    ]
    return found


def test_what_a_person_pairs_stays_and_can_be_undone(run: Run, books: Path) -> None:
    first, second = (d["disposal_id"] for d in _disposals(run, books))
    assert [x[1] for x in _lines(run, books)] == [[first], []]
    paired = run("reconcile", "pair", "Kraken/1/2025/2", second, config=books)
    assert (paired.code, f"paired with {second}" in paired.out) == (0, True)
    (_, _, _), (status, ids, reasons) = _lines(run, books)
    assert (status, ids) == ("matched_with_difference", [second])
    assert "broker_error" in reasons  # the proceeds agree to the cent, the units do not
    (books.parent / "more.csv").write_text(JOURNAL + "2025-08-08T15:00:00Z,buy,k,USD,9,ETH,1\n")
    assert run("import", str(books.parent / "more.csv"), config=books).code == 0
    assert _lines(run, books)[1][1] == [second]
    undone = run("reconcile", "unpair", "Kraken/1/2025/2", config=books)
    assert "no longer paired by hand" in undone.out
    assert _lines(run, books)[1][0] == "missing_in_ledger"


def test_what_is_not_a_line_is_not_paired_again(run: Run, books: Path) -> None:
    (first, *_) = (d["disposal_id"] for d in _disposals(run, books))
    apart = run("reconcile", "unpair", "Kraken/1/2025/1", config=books)
    assert f"not {first}" in apart.out
    assert _lines(run, books)[0][0] == "missing_in_ledger"
    run("review", "undo", "form_line:Kraken/1/2025/1", config=books)
    assert _lines(run, books)[0][1] == [first]


def test_the_papers_follow_the_form_until_a_person_says_why_it_is_wrong(
    run: Run, books: Path, tmp_path: Path
) -> None:
    assert _found(run, books)["unexplained_usd"] == "5.00"
    (first, _) = _disposals(run, books)
    assert (first["codes"], first["adjustment_usd"], first["gain_usd"]) == ("", "0.00", "40.00")
    short = run("reconcile", "broker-error", "Kraken/1/2025/1", "--note", "fill 7", config=books)
    assert short.code == 0, short.err
    (first, _) = _disposals(run, books)
    assert (first["codes"], first["adjustment_usd"]) == ("O", "-5.00")
    found = _found(run, books)
    assert found["unexplained_usd"] == "0.00"
    assert any("fill 7" in g["detail"] for g in found["gaps"])
    again = run("reconcile", "broker-error", "Kraken/1/2025/1", "--note", "x", config=books)
    assert "has nothing that is not explained" in again.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("pair", "Kraken/1/2025/9", "e1.1"), "there is no form line Kraken/1/2025/9"),
        (("pair", "Kraken/1/2025/1", "e1.1"), "there is no disposal e1.1 in 2025"),
        (("unpair", "Kraken/1/2025/2"), "is paired with nothing"),
        (("broker-error", "Kraken/1/2025/2", "--note", "x"), "nothing that is not explained"),
        ((), "give the year"),
    ],
)
def test_wrong_words_are_one_sentence(
    words: tuple[str, ...], sentence: str, run: Run, books: Path
) -> None:
    done = run("reconcile", *words, config=books)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert sentence in done.err


def test_a_disposal_of_another_coin_is_no_pair(run: Run, books: Path) -> None:
    row = "2025-02-02T15:00:00Z,buy,k,USD,10,SOL,1\n2025-03-03T15:00:00Z,sell,k,SOL,1,USD,9\n"
    (books.parent / "sol.csv").write_text(JOURNAL.splitlines()[0] + "\n" + row)
    assert run("import", str(books.parent / "sol.csv"), config=books).code == 0
    sol = next(d["event_id"] for d in _disposals(run, books) if d["asset"] == "SOL")
    done = run("reconcile", "pair", "Kraken/1/2025/2", sol, config=books)
    assert (done.code, "is of SOL, not of Ethereum" in done.err) == (2, True)


def test_the_terminal_says_what_to_do_first(run: Run, books: Path) -> None:
    done = run("reconcile", "--year", "2025", config=books)
    told = " ".join(done.out.split())
    assert "Kraken 1, 2025: 2 lines, 0 matched, 1 with a difference, 1 not in the ledger" in told
    assert "proceeds $175.00 on the form, $90.00 in the ledger; not explained $5.00" in told
    assert done.out.index("missing_in_ledger") < done.out.index("What to do")
    expected = run("reconcile", "--year", "2025", "--expected", config=books)
    assert "Expected 1099-DA of 2025 (2)" in expected.out
    assert run("reconcile", "--year", "2025", "--strict", config=books).code == 1


def test_decisions_on_lines_travel(run: Run, books: Path, tmp_path: Path) -> None:
    (_, second) = (d["disposal_id"] for d in _disposals(run, books))
    run("reconcile", "pair", "Kraken/1/2025/2", second, config=books)
    out = tmp_path / "words.json"
    assert run("review", "export", str(out), config=books).code == 0
    (told,) = json.loads(out.read_text())["decisions"]
    assert (told["subject"], told["answer"], told["other"]) == (
        "form_line:Kraken/1/2025/2", "pair", second,
    )  # fmt: skip
    run("reconcile", "unpair", "Kraken/1/2025/2", config=books)
    assert run("review", "import", str(out), config=books).code == 0
    assert _lines(run, books)[1][1] == [second]


# ---- messages

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)


def test_a_new_gap_is_told_once_and_again_when_it_comes_back() -> None:
    gap = Gap("unexplained", "wrong", "B", "1", "BTC", "d", "s", None, "B/1/2025/1")
    first, new = forms.moved({}, [gap], NOW)
    assert new == [gap]
    states = {s.key: s for s in first}
    assert forms.moved(states, [gap], NOW) == ([], [])
    (gone,), none = forms.moved(states, [], NOW)
    assert (gone.state, none) == ("clear", [])
    _, back = forms.moved({gone.key: gone}, [gap], NOW)
    assert back == [gap]


def _outbox(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(r.title, r.body) for r in alerts.waiting(connection, NOW)]


def test_new_differences_become_one_message_a_year(run: Run, books: Path) -> None:
    text = books.read_text() + '[alerts]\nurls = ["json://127.0.0.1:1/"]\ndetail = "full"\n'
    books.write_text(text)
    settings = configuration.load(books)
    database = Database(settings.database_url)
    migrate(database)
    pipeline = Pipeline(settings, database, lambda: NOW)
    assert tell_new_gaps(database, settings, pipeline.books(), NOW) == 2
    assert tell_new_gaps(database, settings, pipeline.books(), NOW) == 0
    ((title, body),) = _outbox(database)
    assert title == "Syncer: 2 new differences with Forms 1099-DA of 2025"
    assert "Kraken: unexplained, ETH, $5.00" in body
    assert tell_of_the_month(database, settings, pipeline.books(), NOW)
    assert not tell_of_the_month(database, settings, pipeline.books(), NOW)
    assert len(_outbox(database)) == 1  # nothing of 2026 differs
