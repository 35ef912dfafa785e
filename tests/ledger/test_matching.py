"""Own transfers among many: the best overall assignment, what is sure, and what is left open."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Entry
from syncer.events import UNPROVED, Event
from syncer.ledger.addresses import AddressBook
from syncer.ledger.decisions import Decision
from syncer.ledger.derive import name_events
from syncer.ledger.reasons import reason
from syncer.ledger.rules import RULES, Treatments
from syncer.ledger.transfers import Word, match
from tests.ledger.test_transfers import half
from tests.moves import BOOK, Maker, found_pairs

D = Decimal


def _joined(events: Iterable[Event]) -> dict[tuple[str, ...], str]:
    return {e.parts: f"{e.rule}:{e.confidence}" for e in events if e.kind == "transfer"}


def _open(events: Iterable[Event]) -> set[str]:
    return {e.event_id for e in events if e.kind in ("withdrawal", "deposit")}


def _sums(events: Iterable[Event]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for event in events:
        for leg in event.legs:
            found[leg.account, leg.asset] += leg.quantity  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_truth_is_found_and_no_sure_pair_is_wrong(seed: int) -> None:
    made = Maker(seed).history(3_000, days=300)
    matched = match(made.events, book=BOOK)
    found = dict(found_pairs(matched))
    assert {p for p, how in found.items() if how == "sure"} <= made.pairs
    assert len(made.pairs & found.keys()) >= 0.99 * len(made.pairs)
    assert len(made.alone & _open(matched)) >= 0.9 * len(made.alone)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.randoms(use_true_random=False))
def test_nothing_is_lost_or_made_and_the_order_of_arrival_does_not_matter(
    seed: int, order: random.Random
) -> None:
    made = Maker(seed).history(120, days=6)
    matched = match(made.events, book=BOOK)
    assert _sums(matched) == _sums(made.events)
    shuffled = list(made.events)
    order.shuffle(shuffled)
    assert match(shuffled, book=BOOK) == matched
    ids = [e.event_id for e in matched]
    assert len(ids) == len(set(ids))


def test_best_overall_is_taken_not_the_first_that_fits() -> None:
    """b1 fits a1 better than b2 does, but then a2 would have none."""
    events = [
        half("a1", "withdrawal", "1"),
        half("b2", "deposit", "0.99", 10),
        half("a2", "withdrawal", "1", 40),
        half("b1", "deposit", "1", 50),
    ]
    assert set(_joined(match(events))) == {("a1", "b2"), ("a2", "b1")}


def test_runner_up_is_kept_as_evidence_and_one_that_fits_as_well_leaves_both_open() -> None:
    clear = [
        half("a1", "withdrawal", "1.2345"),
        half("b1", "deposit", "1.2345", 10),
        half("c1", "deposit", "1.21", 10),
    ]
    (transfer,) = (e for e in match(clear) if e.kind == "transfer")
    assert transfer.parts == ("a1", "b1")
    assert "deposit c1 (the same asset, less 0.0245, 0:10:00 later) fits" in transfer.evidence
    equal = [*clear[:2], half("c1", "deposit", "1.2345", 15)]
    matched = match(equal)
    assert _open(matched) == {"a1", "b1", "c1"}
    (out,) = (e for e in matched if e.event_id == "a1")
    assert "perhaps one transfer with b1" in out.evidence
    assert "deposit c1" in out.evidence


def test_equal_transfers_between_the_same_places_pair_in_order() -> None:
    """Daily payments of one amount are no riddle: nothing depends on which is which."""
    days = [day * 24 * 60 for day in range(30)]
    events = [half(f"a{n}", "withdrawal", "0.5", at) for n, at in enumerate(days)]
    events += [half(f"b{n}", "deposit", "0.5", at + 90) for n, at in enumerate(days)]
    assert set(_joined(match(events))) == {(f"a{n}", f"b{n}") for n in range(30)}


ADDRESS = "bc1qOwn"


def test_an_own_address_proves_where_it_went_and_keeps_others_away() -> None:
    out = replace(half("a1", "withdrawal", "1"), address=ADDRESS.lower())
    ins = [half("b1", "deposit", "1", 20), half("c1", "deposit", "0.97", 20)]
    book = AddressBook({ADDRESS.lower(): "c"})
    assert _joined(match([out, *ins], book=book)) == {("a1", "c1"): "same_address_and_amount:sure"}
    foreign = AddressBook(foreign=frozenset({ADDRESS.lower()}))
    assert _joined(match([out, *ins], book=foreign)) == {}


def test_the_book_learns_from_a_hash_and_from_a_persons_word() -> None:
    """After one transfer by hash the address is known; one that was spent at is foreign."""
    first = [
        replace(half("a1", "withdrawal", "1", txid="h"), address="0xK"),
        half("b1", "deposit", "1", 5, txid="h"),
    ]
    later = [
        replace(half("a2", "withdrawal", "3", 9_000), address="0xk"),
        half("b2", "deposit", "2.95", 9_020),
        half("c2", "deposit", "2.99", 9_020),
    ]
    found = _joined(match([*first, *later]))
    assert found[("a2", "b2")] == "same_address_and_amount:sure"
    spent = AddressBook().with_decisions(
        {e.event_id: e for e in first}, [Decision("unmatched_withdrawal:a1", "spend", first[0].at)]
    )
    assert spent.is_foreign("0xK")
    assert ("a2", "c2") not in _joined(match(later, book=spent))


def test_one_receipt_of_several_withdrawals_and_one_payment_to_several_places() -> None:
    receipt = [
        half("a1", "withdrawal", "0.3", txid="h"),
        half("a2", "withdrawal", "0.2", txid="h"),
        half("b1", "deposit", "0.4999", 5, txid="h"),
    ]
    found = {e.event_id: e for e in match(receipt)}
    assert {k: [str(g.quantity) for g in e.legs] for k, e in found.items()} == {
        "a1": ["-0.2999", "0.2999", "-0.0001"],
        "a2": ["-0.2", "0.2"],
    }
    payment = [
        half("a1", "withdrawal", "0.5", txid="h"),
        half("b1", "deposit", "0.3", 5, txid="h"),
        half("c1", "deposit", "0.2", 5, txid="h"),
    ]
    found = {e.event_id: e for e in match(payment)}
    assert {k: e.parts for k, e in found.items()} == {"a1": ("a1", "b1"), "c1": ("a1", "c1")}


def test_a_hash_does_not_tell_which_of_two_alike_it_was() -> None:
    """Two accounts pay as much in one transaction, and one deposit is known: nothing is learnt."""
    alike = [
        replace(half("a1", "withdrawal", "0.3", txid="h1"), address="0xa"),
        replace(half("b1", "withdrawal", "0.3", txid="h1"), address="0xb"),
        half("c1", "deposit", "0.3", 5, txid="h1"),
    ]
    assert _open(match(alike)) == {"a1", "b1", "c1"}
    known = AddressBook({"0xb": "c"})
    assert _joined(match(alike, book=known)) == {("b1", "c1"): "same_transaction_hash:sure"}
    others = AddressBook(foreign=frozenset({"0xa"}))
    assert _joined(match(alike, book=others)) == {("b1", "c1"): "same_transaction_hash:sure"}


def test_the_best_overall_pairs_of_one_transaction_are_taken() -> None:
    """The nearest first would leave the other two without one."""
    events = [
        half("a1", "withdrawal", "1", txid="h1"),
        half("b1", "withdrawal", "1.03", txid="h1"),
        half("c1", "deposit", "0.999", 5, txid="h1"),
        half("d1", "deposit", "0.975", 5, txid="h1"),
    ]
    assert set(_joined(match(events))) == {("a1", "d1"), ("b1", "c1")}


def _paid(name: str, quantity: str, address: str) -> Event:
    """One payee of a payment on a chain."""
    out = half(name, "withdrawal", quantity, txid="h1")
    return replace(out, address=address, fees_beside=True)


def test_payees_of_one_account_are_its_one_receipt_and_the_others_stay_open() -> None:
    """Two addresses of b and a shop: the shop's is neither b's nor a fee, however small."""
    into = half("b1", "deposit", "0.3", 5, txid="h1")
    for shop in ("0.2", "0.01"):
        outs = [_paid("a1", "0.2", "0xb1"), _paid("a2", "0.1", "0xb2"), _paid("a3", shop, "shop")]
        for book in (AddressBook({"0xb1": "b", "0xb2": "b"}), AddressBook()):
            matched = match([*outs, into], book=book)
            if shop == "0.2" and not book.own:  # 0.2 of the shop would make it up as well
                assert _open(matched) == {"a1", "a2", "a3", "b1"}
                continue
            assert set(_joined(matched)) == {("a1", "b1"), ("a2", "b1")}
            assert _open(matched) == {"a3"}
            assert all(len(e.legs) == 2 for e in matched if e.kind == "transfer")


def test_equal_payees_of_one_payment_are_interchangeable() -> None:
    outs = [_paid("a1", "0.1", "0xb1"), _paid("a2", "0.1", "0xb2")]
    ins = [half("b1", "deposit", "0.1", 5, "h1"), half("c1", "deposit", "0.1", 5, "h1")]
    found = _joined(match([*outs, *ins]))
    assert {into for _, into in found} == {"b1", "c1"}
    assert set(found.values()) == {"same_transaction_hash:sure"}
    assert _joined(match([*outs, ins[0]])) == {}  # which of the two was its nobody knows


def test_receipts_that_make_up_one_payment_leave_no_fee() -> None:
    """The larger alone would have been the whole payment, less a fee of 0.04."""
    events = [
        replace(half("w1", "withdrawal", "1", txid="h1"), fees_beside=True),
        half("b1", "deposit", "0.96", 5, txid="h1"),
        half("c1", "deposit", "0.04", 5, txid="h1"),
    ]
    found = {e.event_id: e for e in match(events)}
    assert {k: (e.parts, len(e.legs)) for k, e in found.items()} == {
        "w1": (("w1", "b1"), 2),
        "c1": (("w1", "c1"), 2),
    }
    strangers = [
        events[0],
        half("b1", "deposit", "1", 5, "h1"),
        half("c1", "deposit", "2", 5, "h1"),
    ]
    assert set(_joined(match(strangers))) == {("w1", "b1")}


def test_a_thousandth_more_or_less_of_a_fee_proves_nothing() -> None:
    events = [
        half("a1", "withdrawal", "1", txid="h1"),
        half("b1", "withdrawal", "1.001", txid="h1"),
        half("c1", "deposit", "0.995", 5, txid="h1"),
    ]
    assert "sure" not in str(_joined(match(events)))
    exact = [*events[:2], half("c1", "deposit", "1", 5, txid="h1")]
    assert set(_joined(match(exact))) == {("a1", "c1")}


def test_an_address_proves_nothing_where_others_fit_or_before_it_was_sent() -> None:
    outs = [
        replace(half(f"a{n}", "withdrawal", "1.01", at), address="0xb")
        for n, at in ((1, 36), (2, 95))
    ]
    ins = [half("b1", "deposit", "0.99", 4), half("b2", "deposit", "0.99", 187)]
    book = AddressBook({"0xb": "b"})
    assert "sure" not in str(_joined(match([*outs, *ins], book=book)))
    early = _joined(match([outs[0], ins[0]], book=book))
    assert early == {("a1", "b1"): "same_amount_and_time:likely"}
    assert _joined(match([outs[0], ins[1]], book=book)) == {
        ("a1", "b2"): "same_address_and_amount:sure"
    }


def test_what_several_withdrawals_made_up_came_where_they_were_sent() -> None:
    receipt = [
        replace(half("a1", "withdrawal", "0.3", txid="h1"), address="0xc"),
        half("a2", "withdrawal", "0.2", txid="h1"),
        half("b1", "deposit", "0.5", 5, txid="h1"),
    ]
    assert len(_joined(match(receipt))) == 2
    assert _joined(match(receipt, book=AddressBook({"0xc": "c"}))) == {}
    assert _joined(match(receipt, book=AddressBook(foreign=frozenset({"0xc"})))) == {}


def test_what_is_alike_for_months_or_names_nothing_is_no_hash() -> None:
    far = [half("a1", "withdrawal", "1", txid="h1"), half("b1", "deposit", "1", 90_000, "h1")]
    assert _open(match(far)) == {"a1", "b1"}
    at = half("a1", "deposit", "1").at
    for text, kind in (("n/a", "withdrawal"), ("Internal transfer 1", "withdrawal"), ("7f", None)):
        rows = [("a", "-1", 0), ("b", "1", 4)]
        entries = [
            Entry(s, s, s, "BTC", D(q), at + timedelta(days=n), "principal", "move", s, text)
            for s, q, n in rows
        ]
        (first, *_) = name_events(entries, (), Treatments())
        assert (first.kind, first.txid) == ((kind, None) if kind else ("transfer", text))


def test_the_rest_of_a_payment_to_others_stays_open() -> None:
    out = replace(half("a1", "withdrawal", "1", txid="h"), fees_beside=True)
    found = {e.event_id: e for e in match([out, half("b1", "deposit", "0.3", 5, txid="h")])}
    assert found["a1"].kind == "transfer"
    rest = found["a1.rest"]
    assert (rest.kind, rest.legs[0].quantity) == ("withdrawal", D("-0.7"))
    venue = [half("a1", "withdrawal", "1", txid="h"), half("b1", "deposit", "0.3", 5, txid="h")]
    assert _open(match(venue)) == {"a1", "b1"}  # a venue pays many in one transaction


def test_hops_of_any_number_are_followed() -> None:
    events = []
    for n, (here, there) in enumerate(itertools.pairwise("abcdef")):
        at = n * 600
        events.append(half(f"{here}{n}o", "withdrawal", str(D(1) - D(n) / 1000), at))
        events.append(half(f"{there}{n}i", "deposit", str(D(1) - D(n) / 1000), at + 20))
    assert len(_joined(match(events))) == 5
    assert _open(match(events)) == set()


def test_a_person_keeps_two_halves_apart_and_joins_what_no_rule_would() -> None:
    events = [half("a1", "withdrawal", "1"), half("b1", "deposit", "1", 30)]
    assert _open(match(events, Word(apart=frozenset({("a1", "b1")})))) == {"a1", "b1"}
    late = [events[0], half("b1", "deposit", "0.5", 90_000)]
    assert _joined(match(late, Word(joined=[("a1", "b1")]))) == {
        ("a1", "b1"): "joined_by_hand:sure"
    }


def test_other_networks_are_other_coins_unless_a_bridge_joins_them() -> None:
    out = replace(half("a1", "withdrawal", "1"), network="ERC20")
    other = replace(half("b1", "deposit", "1", 30), network="Arbitrum One")
    assert _joined(match([out, other])) == {}
    assert len(_joined(match([out, replace(other, network="ethereum")]))) == 1
    bridged = match([replace(out, rule="bridged"), other])
    assert _joined(bridged) == {("a1", "b1"): "across_a_bridge:likely"}


def test_a_slow_bridge_takes_a_week_and_a_wrapper_comes_out() -> None:
    out = replace(half("w1", "withdrawal", "1", asset="ETH"), rule="bridged", network="base")
    into = replace(half("w2", "deposit", "1", 7 * 24 * 60 + 90, asset="WETH"), network="ethereum")
    (one,) = match([out, into])
    assert (one.rule, [g.asset for g in one.legs]) == ("across_a_bridge", ["ETH", "WETH"])
    assert one.at + timedelta(days=7) < one.arrived_at  # type: ignore[operator]


def test_a_half_at_an_own_address_that_nobody_reads_is_whole() -> None:
    out = replace(half("a1", "withdrawal", "1"), address="cold1")
    book = AddressBook({"cold1": "cold"}, manual=frozenset({"cold"}))
    (one,) = match([out], book=book)
    assert [(g.account, str(g.quantity)) for g in one.legs] == [("a", "-1"), ("cold", "1")]
    assert "not proved by chain" in one.evidence
    told = match([out], Word(placed={"a1": "drawer"}))
    assert [g.account for g in told[0].legs] == ["a", "drawer"]
    assert _open(match([out], Word(apart=frozenset({("a1", "cold")})), book)) == {"a1"}
    # its other half, where a file tells of it, goes first
    known = match([out, half("c1", "deposit", "1", 5)], book=AddressBook({"cold1": "c"}))
    assert known[0].parts == ("a1", "c1")


def test_several_coins_of_one_transaction_are_as_many_halves() -> None:
    at = half("a1", "withdrawal", "1").at
    rows = [("wallet", "sent", "BTC", "-1"), ("wallet", "sent", "ETH", "-2")]
    rows += [("k1", "deposit", "BTC", "1"), ("g1", "deposit", "ETH", "2")]
    entries = [
        Entry(s, s, s[0], a, D(q), at, "principal", kind, f"{s}{a}", txid="0xh")
        for s, kind, a, q in rows
    ]
    gas = replace(entries[0], asset="ETH", quantity=D("-0.01"), role="fee", native_id="gas")
    found = name_events([*entries, gas], (), Treatments())
    assert {(e.kind, e.legs[0].asset, len(e.fees())) for e in found} == {
        ("transfer", "BTC", 1),
        ("transfer", "ETH", 0),
    }
    assert len({e.event_id for e in found}) == 2


def test_every_rule_has_a_sentence() -> None:
    names = {r.__name__ for r in RULES} | UNPROVED
    for name in names:
        assert reason(name) != name.replace("_", " ")
        assert reason(name).endswith(".")


def test_what_an_address_cannot_prove() -> None:
    """The reader's: a chain tells the sender's address, and two that fit are no proof."""
    out = replace(half("a1", "withdrawal", "1"), address="0xfriend")
    back = replace(half("w1", "deposit", "0.97", 1_200), address="0xfriend", fees_beside=True)
    assert "sure" not in str(_joined(match([out, back])))
    book = AddressBook({"0xv": "v"})
    crowd = [
        half("a1", "withdrawal", "1.01", 59),
        replace(half("w1", "withdrawal", "1.02", 36), address="0xv", network="arbitrum"),
        half("v1", "deposit", "1", 76),
        replace(half("v2", "deposit", "1.01", 45), network="ethereum"),
        replace(half("v3", "deposit", "0.99", 58), network="arbitrum"),
    ]
    assert "sure" not in str(_joined(match(crowd, book=book)))
    manual = AddressBook({"0xm": "m"}, manual=frozenset({"m"}))
    told = [replace(half("k1", "withdrawal", "1"), address="0xm")]
    told += [half(f"m{n}", "deposit", "1", 60 * n) for n in (1, 2)]
    matched = match(told, book=manual)
    assert sum(g.quantity for e in matched for g in e.legs if g.account == "m") == 2


def test_other_hashes_and_sums_of_rewards_are_no_duplicates() -> None:
    at = half("a1", "deposit", "1").at
    rows = [("w@ethereum", f"h{n}", "0.5", 6 * n) for n in range(4)]
    rows += [("file:explorer:w@base", "h9", "0.5", 0), ("file:koinly:w", "h8", "2", 20)]
    entries = [
        Entry(s, h, "w", "ADA", D(q), at + timedelta(hours=late), "principal", "received", h, h)
        for s, h, q, late in rows
    ]
    found = name_events(entries, (), Treatments())
    assert [e for e in found if e.kind == "duplicate" and e.confidence != "unsure"] == []
