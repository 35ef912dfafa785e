"""The two halves of own transfers, and what stays open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from syncer.events import Event, Leg
from syncer.ledger.decisions import Decision, apply
from syncer.ledger.halves import are_halves
from syncer.ledger.transfers import match
from tests.conftest import Run

D = Decimal
AT = datetime(2025, 3, 1, 12, tzinfo=UTC)


def half(
    name: str,
    kind: str,
    quantity: str,
    minutes: int = 0,
    txid: str | None = None,
    asset: str = "BTC",
) -> Event:
    sign = -1 if kind == "withdrawal" else 1
    legs = (Leg(name[0], asset, sign * D(quantity), "principal"),)
    at = AT + timedelta(minutes=minutes)
    return Event(name, kind, at, legs, "one_half", "", "unsure", txid, parts=(name,))


def kinds(events: list[Event]) -> dict[str, str]:
    return {e.event_id: f"{e.kind}:{e.rule}" for e in match(events)}


def test_by_hash_whatever_the_time_and_the_case_of_the_hash() -> None:
    found = match(
        [half("a1", "withdrawal", "1", txid="0xAB"), half("b1", "deposit", "1", 9999, "0xab")]
    )
    (one,) = found
    assert (one.kind, one.confidence, one.parts) == ("transfer", "sure", ("a1", "b1"))
    assert one.arrived_at == AT + timedelta(minutes=9999)


def test_batch_payout_pairs_by_amount_within_the_hash() -> None:
    events = [
        half("a1", "withdrawal", "0.3", txid="h"),
        half("a2", "withdrawal", "0.2", txid="h"),
        half("b1", "deposit", "0.2", 5, "h"),
        half("c1", "deposit", "0.3", 5, "h"),
    ]
    assert {e.parts for e in match(events)} == {("a1", "c1"), ("a2", "b1")}


def test_what_did_not_arrive_was_a_fee() -> None:
    (one,) = match([half("a1", "withdrawal", "1", txid="h"), half("b1", "deposit", "0.99", 5, "h")])
    assert [(g.account, g.quantity, g.role) for g in one.legs] == [
        ("a", D("-0.99"), "principal"),
        ("b", D("0.99"), "principal"),
        ("a", D("-0.01"), "fee"),
    ]


def test_by_amount_and_time_only_without_another_candidate() -> None:
    alone = [half("a1", "withdrawal", "1"), half("b1", "deposit", "1", 30)]
    assert kinds(alone) == {"a1": "transfer:same_amount_and_time"}
    two = [*alone, half("c1", "deposit", "1", 40)]
    assert kinds(two) == {
        "a1": "withdrawal:one_half",
        "b1": "deposit:one_half",
        "c1": "deposit:one_half",
    }


@pytest.mark.parametrize(
    ("minutes", "txid", "asset", "account"),
    [
        (49 * 60, None, "BTC", "b1"),  # too late
        (-90, None, "BTC", "b1"),  # before it was sent
        (30, "0xother", "BTC", "b1"),  # another transaction
        (30, None, "ETH", "b1"),  # another coin
        (30, None, "BTC", "a2"),  # the same account
    ],
)
def test_what_is_no_pair(minutes: int, txid: str | None, asset: str, account: str) -> None:
    out = half("a1", "withdrawal", "1", txid="0xone")
    into = half(account, "deposit", "1", minutes, txid, asset)
    assert set(kinds([out, into]).values()) == {"withdrawal:one_half", "deposit:one_half"}


JOURNAL = """\
id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity
1,2025-01-02T10:00:00Z,buy,a,USD,1000,BTC,1
2,2025-02-01T10:00:00Z,withdrawal,a,BTC,1,,
3,2025-02-09T10:00:00Z,deposit,b,,,BTC,0.999
4,2025-03-01T10:00:00Z,sell,b,BTC,0.999,USD,2000
"""


def test_open_halves_are_neither_sale_nor_income_and_a_person_joins_them(
    run: Run, config: Path, tmp_path: Path
) -> None:
    _import(run, config, tmp_path, JOURNAL)
    items = {i["kind"]: i for i in run("review", "--json", config=config).json["review"]}
    assert {"unmatched_withdrawal", "unmatched_deposit", "oversold"} <= set(items)
    (lot,) = run("lots", "--json", config=config).json["lots"]
    assert (lot["account"], lot["state"], lot["basis_usd"]) == ("a", "in_transit", "1000.00")
    assert run("income", "--year", "2025", "--json", config=config).json["income"] == []
    (sale,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert (sale["gain_usd"], sale["gaps"]) == (None, ["oversold"])

    out, into = items["unmatched_withdrawal"], items["unmatched_deposit"]
    command = ("review", "answer", out["id"], "transfer", "--with", into["event_ids"][0])
    assert run(*command, config=config).code == 0
    rows = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    # 0.001 of 1000.00 went with the fee (no price: a gap), 999.00 with the sale
    assert [(r["kind"], r["basis_usd"], r["gain_usd"]) for r in rows] == [
        ("fee", "1.00", None),
        ("sale", "999.00", "1001.00"),
    ]
    assert run("review", "undo", out["id"], config=config).code == 0
    (sale,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert sale["gaps"] == ["oversold"]


@pytest.mark.parametrize(
    ("answer", "kind", "extra", "lots", "income"),
    [
        ("bought", "unmatched_deposit", ("--basis", "70"), [("0.999", "70.00")], []),
        ("gift", "unmatched_deposit", ("--basis", "60"), [("0.999", "60.00")], []),
        ("income", "unmatched_deposit", (), [("0.999", None)], [("0.999", None)]),
    ],
)
def test_answers_to_a_deposit(
    answer: str,
    kind: str,
    extra: tuple[str, ...],
    lots: list[tuple[str, str]],
    income: list[tuple[str, str | None]],
    run: Run,
    config: Path,
    tmp_path: Path,
) -> None:
    rows = [r for r in JOURNAL.splitlines() if r[0] in "i3"]
    _import(run, config, tmp_path, "\n".join(rows) + "\n")
    queue = run("review", "--json", config=config).json["review"]
    item = next(i for i in queue if i["kind"] == kind)
    assert run("review", "answer", item["id"], answer, *extra, config=config).code == 0
    found = run("lots", "--json", config=config).json["lots"]
    assert [(x["quantity"], x["basis_usd"]) for x in found] == lots
    earned = run("income", "--year", "2025", "--json", config=config).json["income"]
    assert [(x["quantity"], x["usd"]) for x in earned] == income


@pytest.mark.parametrize(
    ("answer", "kind"), [("spend", "spend"), ("gift", "gift"), ("lost", "lost")]
)
def test_answers_to_a_withdrawal(
    answer: str, kind: str, run: Run, config: Path, tmp_path: Path
) -> None:
    rows = [r for r in JOURNAL.splitlines() if r[0] in "i12"]
    _import(run, config, tmp_path, "\n".join(rows) + "\n")
    queue = run("review", "--json", config=config).json["review"]
    item = next(i for i in queue if i["kind"] == "unmatched_withdrawal")
    assert run("review", "answer", item["id"], answer, config=config).code == 0
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert (row["kind"], row["quantity"], row["basis_usd"]) == (kind, "1", "1000.00")
    assert row["gain_usd"] is None
    gaps = {"spend": ["no_price"], "gift": [], "lost": ["ask_an_adviser"]}
    assert row["gaps"] == gaps[answer]
    assert run("lots", "--json", config=config).json["lots"] == []


def test_zero_basis_is_only_taken_at_a_persons_word(run: Run, config: Path, tmp_path: Path) -> None:
    rows = [r for r in JOURNAL.splitlines() if r[0] in "i4"]
    _import(run, config, tmp_path, "\n".join(rows) + "\n")
    queue = run("review", "--json", config=config).json["review"]
    item = next(i for i in queue if i["kind"] == "oversold")
    assert (item["usd"], item["answers"]) == ("2000.00", ["zero_basis_short", "zero_basis_long"])
    run("review", "answer", item["id"], "zero_basis_long", config=config)
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert (row["basis_usd"], row["gain_usd"], row["term"], row["acquired_on"]) == (
        "0.00",
        "2000.00",
        "long",
        None,
    )
    tax = run("tax", "--year", "2025", "--json", config=config).json["tax"]
    assert (tax["long_term_usd"], tax["incomplete_proceeds_usd"]) == ("2000.00", "0.00")


def _import(run: Run, config: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "journal.csv").write_text(text)
    assert run("import", str(tmp_path / "journal.csv"), config=config).code == 0


def _queue(run: Run, config: Path) -> dict[str, str]:
    found = run("review", "--json", config=config).json["review"]
    return {i["kind"]: i["id"] for i in found}


def test_persons_value_is_for_the_coin_and_its_fee_has_the_same_unit_price(
    run: Run, config: Path, tmp_path: Path
) -> None:
    """0.4 ETH for BAR, stated at 1000: the 0.01 ETH fee is worth 25, the swap brings 975."""
    text = (
        "time,kind,account,out_asset,out_quantity,in_asset,in_quantity,fee_asset,fee_quantity\n"
        "2025-01-02,buy,w,USD,800,ETH,0.41,,\n"
        "2025-02-02,trade,w,ETH,0.4,w:BAR,100,ETH,0.01\n"
    )
    _import(run, config, tmp_path, text)
    found = run("review", "--json", config=config).json["review"]
    item = next(i["id"] for i in found if i["id"].startswith("no_price") and i["asset"] == "ETH")
    assert run("review", "answer", item, "value", "--basis", "1000", config=config).code == 0
    rows = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert [(r["kind"], r["proceeds_usd"]) for r in rows] == [("swap", "975.00"), ("fee", "25.00")]
    assert run("rebuild", "--check", config=config).code == 0


def test_gift_without_the_donors_basis_is_asked_about(
    run: Run, config: Path, tmp_path: Path
) -> None:
    text = (
        "time,kind,account,out_asset,out_quantity,in_asset,in_quantity,in_usd,lot_acquired_at\n"
        "2025-01-02,gift_in,w,,,SOL,10,1000,2024-01-01\n"
        "2025-02-02,sell,w,SOL,4,USD,800,,\n"
    )
    _import(run, config, tmp_path, text)
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert (row["gain_usd"], row["gaps"]) == (None, ["no_price"])
    item = _queue(run, config)["no_price"]
    assert run("review", "answer", item, "value", "--basis", "500", config=config).code == 0
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert (row["basis_usd"], row["gain_usd"], row["term"]) == ("200.00", "600.00", "long")


def test_halves_that_cannot_be_one_transfer_are_refused(
    run: Run, config: Path, tmp_path: Path
) -> None:
    text = (
        "id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
        "1,2025-02-01,withdrawal,a,BTC,1,,\n"
        "2,2025-02-01,deposit,a,,,BTC,0.9\n"
        "3,2025-02-01,deposit,b,,,ETH,1\n"
    )
    _import(run, config, tmp_path, text)
    found = run("review", "--json", config=config).json["review"]
    out = next(i for i in found if i["kind"] == "unmatched_withdrawal")
    for into in (i for i in found if i["kind"] == "unmatched_deposit"):
        command = ("review", "answer", out["id"], "transfer", "--with", into["event_ids"][0])
        done = run(*command, config=config)
        assert done.code == 2
        assert "cannot be one transfer" in done.err


def test_out_and_all_of_it_back_can_be_joined_by_hand(
    run: Run, config: Path, tmp_path: Path
) -> None:
    """By way of a place that nothing shows: the lots stay where they were."""
    text = (
        "id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
        "0,2025-01-01,buy,a,USD,100,BTC,1\n"
        "1,2025-02-01,withdrawal,a,BTC,1,,\n"
        "2,2025-04-01,deposit,a,,,BTC,1\n"
        "3,2025-05-01,sell,a,BTC,1,USD,150\n"
    )
    _import(run, config, tmp_path, text)
    queue = run("review", "--json", config=config).json["review"]
    ids = {i["kind"]: i for i in queue}
    into = ids["unmatched_deposit"]["event_ids"][0]
    command = ("review", "answer", ids["unmatched_withdrawal"]["id"], "transfer", "--with", into)
    assert run(*command, config=config).code == 0
    left = {i["kind"] for i in run("review", "--json", config=config).json["review"]}
    assert left == {"new_account"}
    (row,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert (row["acquired_on"], row["gain_usd"]) == ("2025-01-01", "50.00")


def test_out_and_back_with_a_fee_is_not_joined_to_nothing() -> None:
    """The fee left the account; an event that is none could not say so."""
    at = datetime(2025, 2, 1, tzinfo=UTC)
    fee = Leg("a", "BTC", Decimal("-0.1"), "fee")
    went, came = (Leg("a", "BTC", Decimal(q), "principal") for q in (-1, 1))
    into = Event("e2", "deposit", at, (came,), "one_half", "", "unsure")
    for legs, joined in (((went,), True), ((went, fee), False)):
        out = Event("e1", "withdrawal", at, legs, "one_half", "", "unsure")
        assert are_halves(out, into) is joined


def test_an_answer_falls_away_when_the_other_half_comes() -> None:
    at = datetime(2025, 2, 1, tzinfo=UTC)
    spent = Decision("unmatched_withdrawal:e1", "spend", at)
    legs = (Leg("a", "BTC", Decimal(-1), "principal"),)
    alone = Event("e1", "withdrawal", at, legs, "one_half", "", "unsure")
    assert apply([alone], [spent])[0].kind == "spend"
    paired = replace(alone, kind="internal", rule="pots_of_one_coin")
    assert apply([paired], [spent]) == [paired]
