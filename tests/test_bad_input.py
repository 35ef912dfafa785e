"""Each wrong input: one sentence, the right exit code, the rest goes on, nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.conftest import Run
from tests.venue import Venue, row, settings, venue


@pytest.fixture
def kraken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Venue]:
    monkeypatch.setenv("SYNCER_NOW", "2025-06-02T12:00:00Z")
    with venue(tmp_path) as found:
        yield found


def _one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text.strip()


def _json_of(run: Run, venue: Venue, *command: str) -> dict[str, object]:
    found = run(*command, "--json", config=venue.config).json
    return found[command[0]]  # type: ignore[no-any-return]


def _lots(run: Run, venue: Venue) -> list[tuple[str, str, str]]:
    found = run("lots", "--json", config=venue.config).json["lots"]
    return [(x["asset"], x["quantity"], x["basis_usd"]) for x in found]


def test_wrong_key(run: Run, kraken: Venue, tmp_path: Path) -> None:
    assert run("sync", config=kraken.config).code == 0
    (tmp_path / "kraken.json").write_text(json.dumps({"apiKey": "OTHER", "secret": "AAAA"}))
    done = run("sync", config=kraken.config)
    assert done.code == 1
    assert _one_line(done.err) == (
        "kraken: 0 new records, then: kraken refused the key of kraken; "
        "check the key and its permissions at the venue"
    )
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]
    (source,) = _json_of(run, kraken, "status")["sources"]  # type: ignore[misc]
    assert source["problems"] == [
        "kraken refused the key of kraken; check the key and its permissions at the venue"
    ]
    assert source["records"] == 3


def test_wrong_secret_and_secret_that_is_not_base64(
    run: Run, kraken: Venue, tmp_path: Path
) -> None:
    for secret in ("AAAA", "not base64!"):
        key = {"apiKey": "SANDBOXKEY", "secret": secret}
        (tmp_path / "kraken.json").write_text(json.dumps(key))
        done = run("sync", config=kraken.config)
        assert done.code == 1
        assert "refused the key of kraken" in _one_line(done.err)
        assert secret not in done.err


def test_key_that_can_withdraw_is_refused(run: Run, kraken: Venue) -> None:
    kraken.server.permissions.append("withdraw-funds")
    done = run("sync", config=kraken.config)
    assert done.code == 1
    assert "can withdraw (withdraw-funds); make a key that can only query" in _one_line(done.err)
    checked = run("check", "--json", config=kraken.config)
    assert (checked.code, checked.json["check"]["sources"][0]["state"]) == (1, "refused")


def test_key_that_can_trade_is_warned_about_or_refused(run: Run, kraken: Venue) -> None:
    kraken.server.permissions.append("modify-trades")
    done = run("sync", config=kraken.config)
    assert (done.code, done.err) == (0, "")
    assert "note: the key may modify-trades; a read-only key is safer" in done.out
    text = kraken.config.read_text()
    kraken.config.write_text(text.replace("rate_limit", "allow_trade_key = false\nrate_limit", 1))
    assert run("sync", config=kraken.config).code == 1


def test_key_file_open_to_others(run: Run, kraken: Venue, tmp_path: Path) -> None:
    (tmp_path / "kraken.json").chmod(0o644)
    done = run("sync", config=kraken.config)
    assert done.code == 1
    assert f"chmod 600 {tmp_path / 'kraken.json'}" in _one_line(done.err)
    assert run("check", config=kraken.config).code == 78


def test_unreachable_venue_leaves_what_is_stored(run: Run, kraken: Venue) -> None:
    assert run("sync", config=kraken.config).code == 0
    kraken.config.write_text(settings("http://127.0.0.1:9"), encoding="utf-8")
    done = run("sync", config=kraken.config)
    assert done.code == 1
    first = done.err.splitlines()[0]
    assert first == (
        "kraken: 0 new records, then: kraken could not be reached for kraken "
        "(ExchangeNotAvailable); it is tried again at the next sync"
    )
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]


@pytest.mark.parametrize(
    "body",
    ["<html>maintenance</html>", '{"error":[],"resu', '{"error":[],"result":{"ledger":null}}'],
)
def test_malformed_answers(body: str, run: Run, kraken: Venue) -> None:
    assert run("sync", config=kraken.config).code == 0
    kraken.book.ledgers["L4"] = row("T2", "2025-06-01 10:00:00", "staking", "XXBT", "0.001")
    ok = web.json_response({"error": [], "result": {"permissions": ["query-ledger"]}})
    broken = [web.Response(text=body, content_type="text/html") for _ in range(4)]
    kraken.server.faults = [ok, *broken]
    done = run("sync", config=kraken.config)
    assert done.code == 1
    assert "it is tried again at the next sync" in _one_line(done.err)
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]
    kraken.server.faults = []
    assert run("sync", config=kraken.config).code == 0
    # 0.001 BTC at the quarter's 52000
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60"), ("BTC", "0.001", "52.00")]


def test_one_fault_is_ridden_out(run: Run, kraken: Venue) -> None:
    kraken.server.faults = [web.Response(status=502, text="bad gateway")]
    assert run("sync", config=kraken.config).code == 0
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]


def test_unknown_ledger_type_is_kept_shown_and_keeps_the_year_open(run: Run, kraken: Venue) -> None:
    kraken.book.ledgers["L4"] = row("X1", "2025-05-20 10:00:00", "teleport", "XXBT", "0.5")
    assert run("sync", config=kraken.config).code == 0
    (item,) = run("review", "--json", config=kraken.config).json["review"]
    assert (item["kind"], item["quantity"], item["usd"]) == ("unknown_event", "0.5", "26000.00")
    assert "teleport" in item["detail"]
    tax = _json_of(run, kraken, "tax", "--year", "2025")
    assert (tax["incomplete"], tax["undecided_usd"]) == (True, "26000.00")
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]
    # to ignore coins that came would leave their later sale without a lot
    assert item["answers"] == ["income", "deposit"]
    assert run("review", "answer", item["id"], "income", config=kraken.config).code == 0
    assert ("BTC", "0.5", "26000.00") in _lots(run, kraken)
    assert _json_of(run, kraken, "tax", "--year", "2025")["incomplete"] is False


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"amount": "0.0010x"}, "ledgers L4: the amount is not a number: '0.0010x'"),
        ({"amount": "NaN"}, "ledgers L4: the amount is not a finite number: 'NaN'"),
        ({"asset": None}, "ledgers L4: it lacks 'asset'"),
        ({"time": "noon"}, "ledgers L4: the time is not a number: 'noon'"),
    ],
)
def test_malformed_row_is_set_aside_and_the_rest_goes_in(
    change: dict[str, str | None], sentence: str, run: Run, kraken: Venue
) -> None:
    held = kraken.book.balances()
    kraken.book.balances = lambda: held  # type: ignore[method-assign]
    bad = {**row("X1", "2025-05-20 10:00:00", "staking", "XXBT", "0.001"), **change}
    kraken.book.ledgers["L4"] = {k: v for k, v in bad.items() if v is not None}
    page = {"ledger": kraken.book.ledgers, "count": 4}
    kraken.server.private_Ledgers = lambda asked: page  # type: ignore[method-assign]
    done = run("sync", config=kraken.config)
    told = f"kraken {sentence}; the record is kept and set aside"
    assert (done.code, _one_line(done.err)) == (1, told)
    (source,) = _json_of(run, kraken, "status")["sources"]  # type: ignore[misc]
    assert source["problems"] == [sentence]
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]
    assert _json_of(run, kraken, "tax", "--year", "2025")["incomplete"] is True


def test_balance_gap_is_a_row_and_heals(run: Run, kraken: Venue) -> None:
    kept = kraken.book.balances
    kraken.book.balances = lambda: {**kept(), "XXBT": kept()["XXBT"] + 1}  # type: ignore[method-assign]
    done = run("sync", config=kraken.config)
    assert (done.code, done.out) == (0, "kraken: 3 new records, 1 balance gaps\n")
    rows = run("balances", "--json", config=kraken.config).json["balances"]
    bitcoin = next(r for r in rows if r["asset"] == "BTC")
    assert (bitcoin["quantity"], bitcoin["reported"], bitcoin["difference"]) == (
        "0.01",
        "1.01",
        "-1",
    )
    assert bitcoin["since"] == "2025-06-02T12:00:00Z"
    assert [r["kind"] for r in run("review", "--json", config=kraken.config).json["review"]] == [
        "balance_gap"
    ]
    assert run("status", "--strict", config=kraken.config).code == 1
    # nobody knows when the missing row was: no year is complete
    for year in ("2024", "2025"):
        assert _json_of(run, kraken, "tax", "--year", year)["incomplete"] is True
    kraken.book.balances = kept  # type: ignore[method-assign]
    assert run("sync", config=kraken.config).code == 0
    assert run("review", "--json", config=kraken.config).json["review"] == []


def test_unknown_asset_keeps_its_own_text_and_is_asked_about(run: Run, kraken: Venue) -> None:
    kraken.book.ledgers["L4"] = row("T9", "2025-05-20 10:00:00", "trade", "ZUSD", "-50.0000")
    kraken.book.ledgers["L5"] = row("T9", "2025-05-20 10:00:00", "trade", "XNEW", "7.0000")
    assert run("sync", config=kraken.config).code == 0
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60"), ("kraken:XNEW", "7", "50.00")]
    (item,) = run("review", "--json", config=kraken.config).json["review"]
    assert (item["id"], item["answers"]) == ("unknown_asset:kraken:kraken:XNEW", ["seen", "is"])
    assert run("review", "answer", item["id"], "seen", config=kraken.config).code == 0
    assert run("review", "--json", config=kraken.config).json["review"] == []


def test_a_person_says_which_coin_an_unknown_word_is(run: Run, kraken: Venue) -> None:
    kraken.book.ledgers["L4"] = row("T9", "2025-05-20 10:00:00", "trade", "ZUSD", "-50.0000")
    kraken.book.ledgers["L5"] = row("T9", "2025-05-20 10:00:00", "trade", "XNEW", "7.0000")
    assert run("sync", config=kraken.config).code == 0
    answer = ("review", "answer", "unknown_asset:kraken:kraken:XNEW", "is")
    for more, why in (((), "the name of a listed asset"), (("--with", "XNEW"), "no listed asset")):
        refused = run(*answer, *more, config=kraken.config)
        assert (refused.code, why in refused.err) == (2, True)
    digest = run("rebuild", "--check", config=kraken.config).out
    assert run(*answer, "--with", "ADA", config=kraken.config).code == 0
    assert _lots(run, kraken) == [("ADA", "7", "50.00"), ("BTC", "0.01", "903.60")]
    assert run("review", "--json", config=kraken.config).json["review"] == []
    assert run("review", "undo", answer[2], config=kraken.config).code == 0
    assert run("rebuild", "--check", config=kraken.config).out == digest
    assert run(*answer, "--with", "ADA", config=kraken.config).code == 0
    kraken.book.ledgers["L6"] = row("W9", "2025-05-25 10:00:00", "withdrawal", "XNEW", "-2.0000")
    done = run("sync", "--json", config=kraken.config)
    rows = run("balances", "--json", config=kraken.config).json["balances"]
    assert done.json["sync"]["sources"][0]["balance_gaps"] == 0
    assert [(r["quantity"], r["reported"]) for r in rows if r["asset"] == "ADA"] == [("5", "5")]


def test_no_price_is_a_gap_until_a_person_says_the_value(run: Run, kraken: Venue) -> None:
    kraken.book.ledgers["L4"] = row("S1", "2025-05-20 10:00:00", "staking", "XNEW", "7.0000")
    assert run("sync", config=kraken.config).code == 0
    (income,) = run("income", "--year", "2025", "--json", config=kraken.config).json["income"]
    assert (income["usd"], income["gaps"]) == (None, ["no_price", "asset_unknown"])
    tax = _json_of(run, kraken, "tax", "--year", "2025")
    assert (tax["incomplete"], tax["ordinary_income_usd"]) == (True, "0.00")
    items = {
        i["kind"]: i["id"] for i in run("review", "--json", config=kraken.config).json["review"]
    }
    assert set(items) == {"no_price", "unknown_asset"}
    refused = run("review", "answer", items["no_price"], "value", config=kraken.config)
    assert (refused.code, _one_line(refused.err)) == (
        2,
        "value needs an amount in dollars: tell it by --basis",
    )
    command = ("review", "answer", items["no_price"], "value", "--basis", "21.50")
    assert run(*command, config=kraken.config).code == 0
    (income,) = run("income", "--year", "2025", "--json", config=kraken.config).json["income"]
    assert (income["usd"], income["gaps"]) == ("21.50", [])
    assert ("kraken:XNEW", "7", "21.50") in _lots(run, kraken)
    assert run("review", "undo", items["no_price"], config=kraken.config).code == 0
    (income,) = run("income", "--year", "2025", "--json", config=kraken.config).json["income"]
    assert income["usd"] is None


def test_payload_that_breaks_the_reading_ends_one_source_only(run: Run, kraken: Venue) -> None:
    kraken.server.private_BalanceEx = lambda asked: ["not", "a", "dict"]  # type: ignore[method-assign]
    done = run("sync", config=kraken.config)
    assert done.code == 1
    assert "sent something that broke the pull (AttributeError)" in _one_line(done.err)
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]
    (source,) = _json_of(run, kraken, "status")["sources"]  # type: ignore[misc]
    assert source["problems"] == ["kraken sent something that broke the pull (AttributeError)"]


def test_margin_in_dollars_is_not_a_mere_movement_of_money(run: Run, kraken: Venue) -> None:
    kraken.book.ledgers["L4"] = row("M1", "2025-05-20 10:00:00", "margin", "ZUSD", "-50.0000")
    assert run("sync", config=kraken.config).code == 0
    (item,) = run("review", "--json", config=kraken.config).json["review"]
    assert (item["kind"], item["asset"], item["usd"]) == ("unknown_event", "USD", "50.00")


def test_rebate_lowers_what_was_paid(run: Run, kraken: Venue) -> None:
    kraken.book.ledgers["L2"]["fee"] = "-1.0000"
    assert run("sync", config=kraken.config).code == 0
    assert _lots(run, kraken) == [("BTC", "0.01", "899.00")]


def test_a_withdrawal_that_failed_and_came_back_leaves_nothing(run: Run, kraken: Venue) -> None:
    at = "2025-05-20 1{}:00:00"
    kraken.book.ledgers["L4"] = row(
        "W1", at.format(0), "withdrawal", "XXBT", "-0.004", fee="0.0005"
    )
    kraken.book.ledgers["L5"] = row(
        "W1", at.format(1), "withdrawal", "XXBT", "0.004", fee="-0.0005"
    )
    assert run("sync", config=kraken.config).code == 0
    assert _lots(run, kraken) == [("BTC", "0.01", "903.60")]
    assert run("review", "--json", config=kraken.config).json["review"] == []
    assert _json_of(run, kraken, "disposals", "--year", "2025") == []


def test_full_walk_that_failed_is_made_up_for(run: Run, kraken: Venue) -> None:
    """A new gap asks for one full walk; if that fails the next sync does it."""
    kept = kraken.book.balances
    kraken.book.balances = lambda: {**kept(), "XXBT": kept()["XXBT"] + 1}  # type: ignore[method-assign]
    assert run("sync", config=kraken.config).code == 0

    def walks() -> int:
        """Full walks of the ledger: no `start` is sent."""
        found = sum(
            1 for n, asked in kraken.server.calls if n == "Ledgers" and "start" not in asked
        )
        kraken.server.calls.clear()
        return found

    assert walks() == 2  # the first load, and once more for the gap
    assert run("sync", config=kraken.config).code == 0
    assert walks() == 0  # the gap is known and stays
