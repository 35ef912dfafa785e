"""What answers do, in order: own ones, proofs, rules by address, likeness, other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from config.errors import DataError
from connectors.records import Entry
from syncer.events import Event, event_id, told_elsewhere
from syncer.ledger.addresses import AddressBook
from syncer.ledger.answers import ANSWERS, answers_to
from syncer.ledger.decisions import Decision
from syncer.ledger.derive import name_events
from syncer.ledger.review import likely, queue
from syncer.ledger.rules import Treatments
from syncer.ledger.standing import pattern
from syncer.lots.terms import Terms

D = Decimal
AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
RULES = Treatments()


def _row(
    source: str,
    group: str,
    quantity: str,
    minutes: int = 0,
    *,
    asset: str = "BTC",
    kind: str = "",
    txid: str | None = None,
    address: str | None = None,
    network: str | None = None,
) -> Entry:
    """One row of an account that has the first letter of its source."""
    told = kind or ("withdrawal" if quantity.startswith("-") else "deposit")
    at = AT + timedelta(minutes=minutes)
    entry = Entry(source, group, source[0], asset, D(quantity), at, "principal", told, group)
    return replace(entry, txid=txid, address=address, network=network)


def _id(source: str, group: str) -> str:
    return event_id(source, group)


def _said(subject: str, answer: str, other: str | None = None) -> Decision:
    return Decision(subject, answer, AT, other)


def _named(
    rows: Sequence[Entry], *said: Decision, how: Treatments = RULES, book: AddressBook | None = None
) -> dict[str, Event]:
    return {e.event_id: e for e in name_events(rows, said, how, book)}


def test_an_answer_follows_to_the_source_that_tells_the_event_now() -> None:
    """The file was answered; then the venue's own interface tells the same withdrawal."""
    file = _row("file:journal:k", "1", "-1", address="shop")
    api = _row("kraken", "L1", "-1", 1)
    file = replace(file, account="k")
    told, by = _id("file:journal:k", "1"), _id("kraken", "L1")
    said = _said(f"unmatched_withdrawal:{told}", "spend")
    assert _named([file], said)[told].kind == "spend"
    both = _named([file, api], said)
    assert (both[told].kind, both[by].kind) == ("duplicate", "spend")
    own = _said(f"unmatched_withdrawal:{by}", "gift")
    assert _named([file, api], said, own)[by].kind == "gift_out"
    # one that is only suspected is asked about first
    late = replace(api, at=AT + timedelta(hours=5))
    assert _named([file, late], said)[by].kind == "withdrawal"
    terms = Terms(ZoneInfo("America/New_York"), zero_basis={(told, "BTC"): "short"})
    assert terms.followed(told_elsewhere(both.values())).zero_basis[by, "BTC"] == "short"


def test_the_other_half_that_was_named_is_followed_too() -> None:
    out = _row("a1", "1", "-2")
    file, api = _row("file:journal:k", "1", "1.5", 9_000), _row("kraken", "L1", "1.5", 9_001)
    file = replace(file, account="k")
    other = _id("file:journal:k", "1")
    said = _said(f"unmatched_withdrawal:{_id('a1', '1')}", "transfer", other)
    (transfer,) = (e for e in _named([out, file, api], said).values() if e.kind == "transfer")
    assert transfer.parts == (_id("a1", "1"), _id("kraken", "L1"))


def test_what_remains_of_a_withdrawal_is_joined_by_hand_and_answered_by_rule() -> None:
    out = _row("w1", "1", "-1", kind="sent", txid="0x1", address="shop")
    rows = [out, _row("b1", "1", "0.3", 5, txid="0x1"), _row("c1", "1", "0.6", 20_000)]
    rest = _id("w1", "1") + ".rest"
    assert _named(rows)[rest].kind == "withdrawal"
    said = _said(f"unmatched_withdrawal:{rest}", "transfer", _id("c1", "1"))
    joined = _named(rows, said)[rest]
    assert (joined.kind, joined.rule) == ("transfer", "joined_by_hand")
    for rule in ("address=shop", "account=w"):
        found = _named(rows[:2], _said(f"unmatched_withdrawal:{rule}", "spend"))[rest]
        assert (found.kind, found.leaving()[0].quantity) == ("spend", D("-0.7"))


def test_a_rule_for_an_account_is_for_what_stays_open() -> None:
    """Every withdrawal was spent: but not those that came elsewhere."""
    rows = [_row("a1", "1", "-1.25", address="x"), _row("b1", "1", "1.25", 20)]
    rows += [_row("a1", "2", "-0.5", 9_000, txid="0x2"), _row("b1", "2", "0.5", 9_020, txid="0x2")]
    rows += [_row("a1", "3", "-0.75", 20_000)]
    by_account = _named(rows, _said("unmatched_withdrawal:account=a", "spend"))
    assert sorted(e.kind for e in by_account.values()) == ["spend", "transfer", "transfer"]
    by_address = _named(rows, _said("unmatched_withdrawal:address=x", "spend"))
    assert by_address[_id("a1", "1")].kind == "spend"
    proved = [replace(r, address="x") for r in rows]
    found = _named(proved, _said("unmatched_withdrawal:address=x", "spend"))
    kinds = [found[_id("a1", n)].kind for n in "123"]
    assert kinds == ["spend", "transfer", "spend"]  # one hash proves more than a rule


def test_the_book_learns_where_a_person_says_coins_went_or_came_from() -> None:
    rows = [_row("a1", "1", "-1", address="0xdd"), _row("a1", "2", "-2", 9_000, address="0xDD")]
    said = _said(f"unmatched_withdrawal:{_id('a1', '1')}", "transfer", "drawer")
    first, second = _named(rows, said).values()
    assert (first.rule, second.rule) == ("own_address_unseen", "own_address_unseen")
    assert second.coming()[0].account == "drawer"
    came = _row("w1", "1", "1", kind="received", address="0xee")
    paid = [_row("a1", "3", "-3", 90, address="0xee"), _row("b1", "3", "3", 100)]
    gift = _said(f"unmatched_deposit:{_id('w1', '1')}", "income")
    assert _named([came, *paid])[_id("a1", "3")].kind == "transfer"
    assert _named([came, *paid], gift)[_id("a1", "3")].kind == "withdrawal"


def test_a_place_whose_deposits_are_told_is_not_completed() -> None:
    """Its export tells two deposits, of which one is this; the other withdrawal waits."""
    book = AddressBook({"0xm": "m"}, manual=frozenset({"m"}))
    rows = [_row("a1", str(n), "-1", 9_000 * n, address="0xm") for n in (1, 2)]
    assert {e.kind for e in _named(rows, book=book).values()} == {"transfer"}
    told = [*rows, _row("m1", "1", "1", 9_010)]
    found = _named(told, book=book)
    assert found[_id("a1", "1")].parts == (_id("a1", "1"), _id("m1", "1"))
    open_ = found[_id("a1", "2")]
    assert open_.kind == "withdrawal"
    assert "another source does not tell it" in open_.evidence


def test_two_deposits_are_set_apart_one_after_the_other() -> None:
    rows = [_row("a1", "1", "-1", 0), _row("b1", "1", "1", 10), _row("b1", "2", "0.97", 20)]
    (first,) = likely(_named(rows).values())
    said = [_said(first.id, "apart", _id("b1", "1"))]
    (second,) = likely(_named(rows, *said).values())
    assert second.id != first.id
    said.append(_said(second.id, "apart", _id("b1", "2")))
    assert {e.kind for e in _named(rows, *said).values()} == {"withdrawal", "deposit"}


@pytest.mark.parametrize(
    ("answer", "kind"), [("carry", "transfer"), ("exchange", "trade"), ("ignore", "unknown")]
)
def test_a_crossing_that_waits_is_carried_or_exchanged_and_never_ignored(
    answer: str, kind: str
) -> None:
    rows = [
        _row("w1", "1", "-1", kind="bridge", asset="ETH", network="base"),
        _row("w1", "2", "1", 30, kind="bridge", asset="ETH", network="ethereum"),
    ]
    how = replace(RULES, bridge="review")
    (open_,) = _named(rows, how=how).values()
    assert (open_.kind, answers_to("unknown_event", open_)) == ("unknown", ("exchange", "carry"))
    (found,) = _named(rows, _said(f"unknown_event:{open_.event_id}", answer), how=how).values()
    assert found.kind == kind
    assert found.rests_on == (() if kind != "unknown" else ("[treatment] bridge = review",))


def test_what_is_offered_fits_what_moved() -> None:
    def offered(*moved: tuple[str, str]) -> tuple[str, ...]:
        rows = [_row("v1", "1", q, asset=a, kind="unknown:x") for a, q in moved]
        (event,) = _named(rows).values()
        return answers_to("unknown_event", event)

    assert offered(("BTC", "1")) == ("income", "deposit")
    assert offered(("BTC", "-1")) == ("spend", "withdrawal")
    assert offered(("BTC", "-1"), ("ETH", "9")) == ("exchange", "carry")
    assert offered(("BTC", "-1"), ("USD", "9")) == ("exchange",)
    assert offered(("BTC", "-1"), ("ETH", "9"), ("LTC", "1")) == ("exchange",)
    assert offered(("USD", "-1")) == ("ignore",)
    rows = [_row("v1", "1", q, asset=a, kind="unknown:x") for a, q in (("BTC", "1"), ("USD", "-9"))]
    said = _said(f"unknown_event:{_id('v1', '1')}", "exchange")
    assert _named(rows, said)[_id("v1", "1")].kind == "buy"


def test_an_answer_that_opens_a_half_lets_it_be_matched() -> None:
    rows = [_row("v1", "1", "-1", kind="unknown:x"), _row("b1", "1", "1", 20)]
    said = _said(f"unknown_event:{_id('v1', '1')}", "withdrawal")
    assert _named(rows, said)[_id("v1", "1")].kind == "transfer"
    by_rule = _said("unknown_event:account=v", "withdrawal")
    assert _named(rows, by_rule)[_id("v1", "1")].kind == "transfer"


def test_bought_or_given_by_rule_still_asks_for_the_cost() -> None:
    rows = [_row("b1", "1", "1", address="bob")]
    for answer in ("bought", "gift"):
        said = _said("unmatched_deposit:address=bob", answer)
        events = _named(rows, said).values()
        (item,) = queue(events, (), [said])
        assert (item.kind, item.answers) == ("no_price", ("value",))
        worth = replace(_said(item.id, "value"), basis_usd=D("120.50"))
        (event,) = _named(rows, said, worth).values()
        assert event.claim
        assert event.claim.lot_basis_usd == D("120.50")
        assert queue([event], (), [said, worth]) == []


def test_every_answer_to_an_unknown_event_can_be_offered() -> None:
    offered: set[str] = set()
    for moved in ({"A": "1"}, {"A": "-1"}, {"A": "-1", "B": "2"}, {"USD": "1"}, {}):
        rows = [_row("v1", "1", q, asset=a, kind="unknown:x") for a, q in moved.items()]
        cost = replace(_row("v1", "1", "-0.1", kind="unknown:x"), role="fee")
        (event,) = _named(rows or [cost]).values()
        offered |= set(answers_to("unknown_event", event))
    assert offered == set(ANSWERS["unknown_event"])


def test_a_lone_fee_in_coin_is_a_fee_and_cannot_be_ignored() -> None:
    cost = replace(_row("v1", "1", "-0.1", kind="unknown:x"), role="fee")
    key = _id("v1", "1")
    assert answers_to("unknown_event", _named([cost])[key]) == ("fee",)
    assert _named([cost], _said(f"unknown_event:{key}", "fee"))[key].kind == "fee"


def test_an_answer_about_one_coin_of_several_leaves_the_others() -> None:
    """Two coins came in one transaction: two questions."""
    rows = [_row("w1", "1", q, asset=a, kind="received") for a, q in (("BTC", "1"), ("ETH", "5"))]
    first, second = (i.id for i in queue(_named(rows).values(), (), ()))
    assert first != second
    found = _named(rows, _said(first, "income"))
    assert sorted(e.kind for e in found.values()) == ["deposit", "income:other"]
    found = _named(rows, _said(first, "income"), _said(second, "gift"))
    assert sorted(e.kind for e in found.values()) == ["gift_in", "income:other"]
    assert all(len(e.legs) == 1 for e in found.values())
    # a rule for one coin is none for an event that moved another as well
    odd = [replace(r, kind="unknown:x") for r in rows]
    (left,) = _named(odd, _said("unknown_event:asset=BTC", "income")).values()
    assert left.kind == "unknown"


def test_the_narrower_rule_counts_then_the_newer() -> None:
    rows = [_row("k1", "1", "1", asset="ATOM"), _row("k1", "2", "1", 9_000)]
    wide = _said("unmatched_deposit:account=k", "income")
    narrow = _said("unmatched_deposit:account=k,asset=ATOM", "gift")
    found = _named(rows, wide, narrow)
    assert [e.kind for e in found.values()] == ["gift_in", "income:other"]
    newer = replace(_said("unmatched_deposit:asset=BTC", "gift"), at=AT + timedelta(days=1))
    assert [e.kind for e in _named(rows, wide, newer).values()] == ["income:other", "gift_in"]
    older = replace(newer, at=AT - timedelta(days=1))
    assert {e.kind for e in _named(rows, wide, older).values()} == {"income:other"}
    assert pattern("unmatched_deposit:account=k,address=0xAB").subject == (
        "unmatched_deposit:address=0xab,account=k"
    )
    with pytest.raises(DataError, match="said twice"):
        pattern("unmatched_deposit:account=a,account=b")


def test_only_a_rule_for_all_that_went_to_an_address_teaches_whose_it_is() -> None:
    rows = [_row("a1", "1", "-1", asset="ETH", address="0xdd")]
    rows += [_row("a1", "2", "-1", 9_000, address="0xdd"), _row("b1", "2", "1", 9_020)]
    rule = "unmatched_withdrawal:address=0xdd"
    narrow = _named(rows, _said(f"{rule},asset=ETH", "transfer", "cold"))
    assert {e.coming()[0].account for e in narrow.values()} == {"cold", "b"}
    wide = _named(rows, _said(rule, "spend"))
    assert sorted(e.kind for e in wide.values()) == ["deposit", "spend", "spend"]


def test_a_hash_proves_more_than_what_was_learnt_of_an_address() -> None:
    """An exchange's address that many share: one went to cold, another to b."""
    rows = [_row("a1", "1", "-1", address="0xdd")]
    rows += [_row("a1", "2", "-2", 9_000, address="0xdd", txid="0x5")]
    rows += [_row("b1", "2", "2", 9_020, txid="0x5")]
    said = _said(f"unmatched_withdrawal:{_id('a1', '1')}", "transfer", "cold")
    found = _named(rows, said)
    assert found[_id("a1", "2")].rule == "same_transaction_hash"
    lost = _said(f"unmatched_withdrawal:{_id('a1', '1')}", "lost")
    apart = [replace(r, txid=None) for r in rows]
    assert _named(apart, lost)[_id("a1", "2")].kind == "transfer"


def test_right_makes_a_place_and_a_wrapper_sure() -> None:
    out = _row("a1", "1", "-1", address="0xm")
    book = AddressBook({"0xm": "m"}, manual=frozenset({"m"}))
    (item,) = likely(_named([out], book=book).values())
    said = _said(item.id, "right", "m")
    (event,) = _named([out], said, book=book).values()
    assert (event.kind, event.confidence, likely([event])) == ("transfer", "sure", [])
    rows = [
        _row("w1", "1", "-1", kind="bridge", network="ethereum"),
        _row("w1", "2", "1", 30, kind="bridge", asset="WBTC", network="base"),
    ]
    (item,) = likely(_named(rows).values())
    right = _said(item.id, "right", _id("w1", "2"))
    rival = _row("w1", "3", "1", 25, kind="bridge", asset="WBTC", network="base")
    kept = _named([*rows, rival], right)[_id("w1", "1")]
    assert (kept.kind, kept.parts, kept.confidence) == (
        "wrap",
        (_id("w1", "1"), _id("w1", "2")),
        "sure",
    )


def test_what_is_carried_to_another_account_pays_for_what_did_not_arrive() -> None:
    rows = [_row("v1", "1", "-1", kind="unknown:x", asset="ETH")]
    rows += [replace(rows[0], account="w", quantity=D("0.9"), native_id="in")]
    said = _said(f"unknown_event:{_id('v1', '1')}", "carry")
    (event,) = _named(rows, said).values()
    assert event.kind == "transfer"
    assert [(g.account, str(g.quantity), g.role) for g in event.legs] == [
        ("v", "-0.9", "principal"),
        ("w", "0.9", "principal"),
        ("v", "-0.1", "fee"),
    ]
