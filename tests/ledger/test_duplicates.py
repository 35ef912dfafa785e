"""One event told by several sources: what is known as such, what is held out and asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.records import Claim, Entry, Role
from syncer.events import DUPLICATE, Event, event_id
from syncer.ledger.decisions import Decision
from syncer.ledger.derive import name_events
from syncer.ledger.review import queue
from syncer.ledger.rules import Treatments

AT = datetime(2025, 3, 1, 18, 30, tzinfo=UTC)
Row = tuple[str, str, str]  # account, asset, quantity; "fee" may follow the asset


def _event(
    source: str,
    group: str,
    *rows: Row,
    at: datetime = AT,
    kind: str = "trade",
    claim: str | None = None,
    native: str | None = None,
) -> list[Entry]:
    entries = []
    for n, (account, asset, quantity) in enumerate(rows):
        coin, _, fee = asset.partition(" ")
        role: Role = "fee" if fee else "principal"
        entries.append(
            Entry(
                source,
                group,
                account,
                coin,
                Decimal(quantity),
                at,
                role,
                kind,
                native or f"{group}:{n}",
                claim=Claim(claim) if claim else None,
            )
        )
    return entries


def _named(entries: Sequence[Entry], *said: Decision) -> dict[str, Event]:
    return {e.event_id: e for e in name_events(entries, said, Treatments())}


def _twice(entries: Sequence[Entry], *said: Decision) -> list[str]:
    found = _named(entries, *said).values()
    return [f"{e.rule}:{e.confidence}" for e in found if e.kind == DUPLICATE]


BUY = (("k", "BTC", "0.5"), ("k", "USD", "-30000"))
ASKED = ["perhaps_the_same_event:unsure"]


@pytest.mark.parametrize("fee", [("k", "BTC fee", "-0.001"), ("k", "BNB fee", "-0.02")])
def test_told_without_its_fee_is_asked_about(fee: Row) -> None:
    api = _event("kraken", "1", *BUY, fee)
    assert _twice(api + _event("journal", "a", *BUY, claim="buy")) == ASKED
    # the other way about as well: the venue's own list knows no fee
    assert _twice(_event("kraken", "1", *BUY) + _event("journal", "a", *BUY, fee)) == ASKED
    other = (("k", "BTC", "0.51"), ("k", "USD", "-30000"))
    assert _twice(api + _event("journal", "a", *other, claim="buy")) == []


@pytest.mark.parametrize(
    ("claim", "rows", "api"),
    [
        ("income:staking", (("k", "ATOM", "0.5"),), (("k", "ATOM", "0.5"),)),
        ("spend", (("k", "BTC", "-0.1"),), (("k", "BTC", "-0.1"),)),
        ("gift_in", (("k", "BTC", "0.1"),), (("k", "BTC", "0.1"),)),
        ("transfer", (("k", "BTC", "-1"), ("cold", "BTC", "1")), (("k", "BTC", "-1"),)),
        ("transfer", (("cold", "BTC", "-1"), ("k", "BTC", "1")), (("k", "BTC", "1"),)),
    ],
)
def test_what_a_persons_file_names_beside_the_venues_own_event_is_asked_about(
    claim: str, rows: tuple[Row, ...], api: tuple[Row, ...]
) -> None:
    told = _event("kraken", "1", *api, kind="deposit") + _event("journal", "a", *rows, claim=claim)
    assert _twice(told) == ASKED
    key = event_id("journal", "a")
    (item,) = (i for i in queue(_named(told).values(), (), ()) if i.kind == "duplicate")
    other = event_id("kraken", "1")
    assert (item.id, item.answers) == (f"duplicate:{key}:{other}", ("same", "two"))
    assert _named(told, Decision(f"duplicate:{key}", "two", AT))[key].kind == claim
    assert _twice(told, Decision(f"duplicate:{key}", "same", AT)) == ["same_event_by_word:sure"]
    later = _event("journal", "a", *rows, claim=claim, at=AT + timedelta(days=2))
    assert _twice(told[:1] + later) == []


def test_what_was_brought_in_is_nobody_elses_event() -> None:
    rows = (("k", "BTC", "1"),)
    told = _event("kraken", "1", *rows, kind="deposit")
    assert _twice(told + _event("journal", "a", *rows, claim="opening")) == []


def test_one_id_with_another_amount_is_asked_about() -> None:
    api = _event("kraken", "1", ("k", "BTC", "0.5"), ("k", "BTC fee", "-0.01"), native="L1")
    for quantity, found in (("0.5", "same_event_by_id:sure"), ("0.49", "same_event_by_id:sure")):
        file = _event("file:kraken:k", "x", ("k", "BTC", quantity), native="L1")
        assert _twice(api + file) == [found]
    file = _event("file:kraken:k", "x", ("k", "BTC", "5"), native="L1")
    assert _twice(api + file) == ASKED


def test_a_bare_date_is_the_whole_local_day() -> None:
    """Noon in the file; the trade was at 9 in the evening in California: 5 the next day, UTC."""
    noon = datetime(2025, 3, 1, 12, tzinfo=UTC)
    evening = _event("kraken", "1", *BUY, at=noon + timedelta(hours=17))
    assert _twice(evening + _event("journal", "a", *BUY, at=noon, claim="buy")) == ASKED
    minute = noon + timedelta(minutes=1)
    assert _twice(evening + _event("journal", "a", *BUY, at=minute, claim="buy")) == []


def test_the_nearest_is_the_one_it_may_be() -> None:
    known = [
        e
        for n in range(3)
        for e in _event("kraken", f"{n}", ("k", "ATOM", "1"), at=AT + timedelta(hours=5 * n))
    ]
    file = _event("journal", "a", ("k", "ATOM", "1"), at=AT + timedelta(hours=9), claim="deposit")
    (twice,) = (e for e in _named(known + file).values() if e.kind == DUPLICATE)
    assert twice.parts == (event_id("kraken", "2"),)


def test_suspected_duplicates_are_answered_by_rule() -> None:
    told = []
    for n in range(3):
        at, rows = AT + timedelta(days=n), (("k", "ATOM", f"0.{n + 1}"),)
        told += _event("kraken", f"{n}", *rows, at=at, kind="income:staking")
        told += _event("journal", f"{n}", *rows, at=at, claim="income:staking")
    assert _twice(told) == ASKED * 3
    by_rule = Decision("duplicate:account=k,asset=ATOM", "same", AT)
    assert _twice(told, by_rule) == ["same_event_by_word:sure"] * 3
    own = Decision(f"duplicate:{event_id('journal', '1')}", "two", AT)
    assert len(_twice(told, by_rule, own)) == 2
    two = Decision("duplicate:account=k", "two", AT)
    assert _twice(told, two) == []


def test_two_is_said_of_the_pair_that_was_asked_about() -> None:
    """A file and the journal tell one deposit; the venue told another one ten hours before."""
    rows = (("k", "BTC", "1"),)
    api = _event("kraken", "1", *rows, at=AT - timedelta(hours=10), kind="deposit")
    told = [*api, *_event("file:kraken:k", "f", *rows, kind="deposit", native="f9")]
    told += _event("journal", "j", *rows, claim="deposit")
    other = event_id("kraken", "1")
    said = [
        Decision(f"duplicate:{event_id(s, g)}", "two", AT, other)
        for s, g in (("file:kraken:k", "f"), ("journal", "j"))
    ]
    assert _twice(told) == ASKED * 2
    assert _twice(told, *said) == ["same_event_by_flows:likely"]
    by_rule = Decision("duplicate:account=k", "two", AT)
    assert _twice(told, by_rule) == ["same_event_by_flows:likely"]


def test_same_stays_out_when_its_twin_is_told_by_another_row() -> None:
    api = _event("kraken", "1", *BUY)
    late = _event("journal", "f", *BUY, at=AT + timedelta(hours=5), claim="buy")
    said = Decision(f"duplicate:{event_id('journal', 'f')}", "same", AT, event_id("kraken", "1"))
    exact = _event("journal", "g", *BUY, claim="buy")
    found = _twice([*api, *late, *exact], said)
    assert sorted(found) == [*ASKED, "same_event_by_word:sure"]  # no third one in silence


FILLS = (("0.1", "-6000"), ("0.15", "-9000.5"), ("0.25", "-15000.25"))


@pytest.mark.parametrize("fee", ["", "-5"])
@pytest.mark.parametrize("late", [timedelta(), timedelta(minutes=-5), timedelta(hours=5)])
@pytest.mark.parametrize("known", ["fills", "order"])
def test_an_order_and_its_fills_are_never_counted_both(
    fee: str, late: timedelta, known: str
) -> None:
    """Whichever source tells the order, with the fee or without, in whichever time zone."""
    sources = ("kraken", "journal") if known == "fills" else ("journal", "kraken")
    more = (("k", "USD fee", fee),) if fee else ()
    told = []
    for n, (coin, money) in enumerate(FILLS):
        rows = (("k", "BTC", coin), ("k", "USD", money), *more)
        told += _event(sources[0], f"f{n}", *rows, at=AT + timedelta(minutes=n))
    whole = (("k", "BTC", "0.5"), ("k", "USD", "-30000.75"))
    told += _event(sources[1], "o", *whole, at=AT + timedelta(minutes=3) + late)
    found = _twice(told)
    assert len(found) == (1 if known == "fills" else 3)
    exact = known == "fills" and not fee and not late
    assert set(found) == {"same_order_by_fills:likely"} if exact else set(ASKED)
    if known == "order":
        two = Decision(f"duplicate:{event_id('journal', 'f1')}", "two", AT)
        assert _twice(told, two) == []


def test_a_part_of_a_transaction_is_told_by_the_whole_and_what_differs_is_asked_about() -> None:
    def chain(source: str, *rows: Row) -> list[Entry]:
        made = _event(source, "0xabc1", *rows, kind="sent", native=source)
        return [replace(e, txid="0xabc1") for e in made]

    swap = (("w", "w:TOK", "-10"), ("w", "ETH", "3"), ("w", "ETH fee", "-0.01"))
    whole = chain("w@ethereum", *swap)
    assert _twice(whole + chain("file:explorer:w", swap[0])) == ["same_event_by_hash:sure"]
    assert _twice(whole + chain("file:explorer:w", *swap)) == ["same_event_by_hash:sure"]
    less = chain("w@ethereum", swap[0], swap[2])
    assert _twice(less + chain("file:explorer:w", swap[1])) == ASKED


def test_each_pair_has_its_own_answer() -> None:
    """The journal's row looks like two of another file: to say two of both settles it."""
    told = _event("file:koinly:k", "k1", *BUY, at=AT - timedelta(hours=2))
    told += _event("file:koinly:k", "k2", *BUY, at=AT + timedelta(hours=3))
    told += _event("journal", "j", *BUY, claim="buy")
    ours, *others = (
        event_id(*p) for p in (("journal", "j"), ("file:koinly:k", "k1"), ("file:koinly:k", "k2"))
    )
    pairs = [Decision(f"duplicate:{ours}:{o}", "two", AT, o) for o in others]
    assert _twice(told, pairs[0]) == ASKED
    assert _twice(told, *pairs) == []
    second = replace(pairs[1], answer="same")
    (twice,) = (e for e in _named(told, pairs[0], second).values() if e.kind == DUPLICATE)
    assert (twice.rule, twice.parts) == ("same_event_by_word", (others[1],))


def test_same_stays_out_though_its_twin_is_told_by_another() -> None:
    ours = _event("journal", "j", *BUY, claim="buy")
    file = _event("file:coinbase:k", "f", *BUY, at=AT + timedelta(hours=13), native="X9")
    api = _event("coinbase", "a", *BUY, at=AT + timedelta(hours=20), native="X9")
    api = [replace(e, account="k") for e in api]
    twin = event_id("file:coinbase:k", "f")
    said = Decision(f"duplicate:{event_id('journal', 'j')}:{twin}", "same", AT, twin)
    assert _twice(ours + file, said) == ["same_event_by_word:sure"]
    assert sorted(_twice(ours + file + api, said)) == [
        "same_event_by_id:sure",
        "same_event_by_word:sure",
    ]


@pytest.mark.parametrize("known", ["fills", "order"])
def test_two_of_one_run_lets_another_run_be_asked_about(known: str) -> None:
    """Three fills of one, and an order of two: which two?"""
    sources = ("kraken", "journal") if known == "fills" else ("journal", "kraken")
    told = []
    for n in range(3):
        rows = (("k", "BTC", "1"), ("k", "USD", "-60000"))
        told += _event(sources[0], f"f{n}", *rows, at=AT + timedelta(seconds=30 * n))
    whole = (("k", "BTC", "2"), ("k", "USD", "-120000"))
    told += _event(sources[1], "o", *whole, at=AT + timedelta(minutes=2))
    fills = [event_id(sources[0], f"f{n}") for n in range(3)]
    order = event_id(sources[1], "o")
    if known == "fills":
        run = ",".join((fills[1], fills[2]))
        said = Decision(f"duplicate:{order}:{fills[1]}", "two", AT, run)
        assert len(_twice(told)) == 1
        (twice,) = (e for e in _named(told, said).values() if e.kind == DUPLICATE)
        assert set(twice.parts) == {fills[0], fills[1]}
    else:
        said = Decision(f"duplicate:{fills[2]}:{order}", "two", AT, order)
        assert _twice(told) == ASKED * 2
        found = {e.event_id for e in _named(told, said).values() if e.kind == DUPLICATE}
        assert found == {fills[0], fills[1]}


def test_fills_net_of_the_coins_fee_are_asked_about() -> None:
    order = (("k", "BTC", "1"), ("k", "USD", "-60000"), ("k", "BTC fee", "-0.001"))
    told = _event("kraken", "o", *order)
    for n, (coin, money) in enumerate((("0.3996", "-24000"), ("0.5994", "-36000"))):
        told += _event("file:koinly:k", f"f{n}", ("k", "BTC", coin), ("k", "USD", money))
    assert _twice(told) == ASKED * 2


@pytest.mark.parametrize(
    ("api", "file"),
    [
        ([("k", "USD", "100")], [("k", "USD", "5000")]),
        ([*BUY], [("k", "BTC", "0.5"), ("k", "USD", "-3000")]),
        ([*BUY], [*BUY, ("k", "USD fee", "-150")]),
        ([*BUY], [*BUY, ("k", "BNB fee", "-0.02")]),
        ([("k", "BTC", "1")], [("k", "BTC", "1"), ("k", "USD", "-60000")]),
    ],
)
def test_one_id_with_other_money_or_a_fee_of_its_own_is_asked_about(
    api: list[Row], file: list[Row]
) -> None:
    told = _event("kraken", "1", *api, native="L1")
    assert _twice(told + _event("file:kraken:k", "x", *file, native="L1")) == ASKED
    assert _twice(told + _event("file:kraken:k", "x", *api, native="L1")) == [
        "same_event_by_id:sure"
    ]


def test_parts_of_one_hash_are_the_whole_and_another_amount_is_asked_about() -> None:
    def hashed(source: str, group: str, *rows: Row) -> list[Entry]:
        return [replace(e, txid="0xabc1") for e in _event(source, group, *rows, native=group)]

    whole = hashed("kraken", "1", ("k", "ETH", "-1"), ("k", "USDC", "3000"))
    parts = hashed("file:cointracker:k", "a", ("k", "ETH", "-1"))
    parts += hashed("file:cointracker:k", "b", ("k", "USDC", "3000"))
    assert _twice(whole + parts) == ["same_event_by_hash:sure"] * 2
    several = hashed("kraken", "1", ("k", "ETH", "-1")) + hashed("kraken", "2", ("k", "ETH", "-2"))
    assert _twice(several + hashed("file:cointracker:k", "a", ("k", "ETH", "-3"))) == [
        "same_event_by_hash:sure"
    ]
    other = hashed("file:cointracker:k", "a", ("k", "ETH", "-1.02"))
    assert _twice(several[:1] + other) == ASKED


def test_what_two_venues_tell_of_a_transfer_is_asked_about_once() -> None:
    """The same in every run, whatever the order of accounts; what tells it is counted itself."""
    rows = (("a", "BTC", "-1"), ("b", "BTC", "1"))
    told = _event("file:koinly:x", "j", *rows, claim="transfer", kind="transfer")
    told += _event("journal", "x", rows[0], claim="withdrawal")
    told += _event("gemini", "k", rows[1], kind="deposit")
    found = _named(told)
    (twice,) = (e for e in found.values() if e.kind == DUPLICATE)
    assert (twice.event_id, twice.parts) == (
        event_id("file:koinly:x", "j"),
        (event_id("gemini", "k"),),
    )
    both = told + _event("kraken", "k", rows[0], kind="withdrawal")
    (wide,) = (e for e in _named(both).values() if e.event_id == event_id("file:koinly:x", "j"))
    assert set(wide.parts) == {event_id("gemini", "k"), event_id("kraken", "k")}


@pytest.mark.parametrize("other", ["file:koinly:y", "file:cointracker:x"])
def test_transfers_that_two_equal_programs_tell_are_asked_about(other: str) -> None:
    rows = (("a", "BTC", "-1"), ("b", "BTC", "1"))
    told = _event("file:koinly:x", "1", *rows, claim="transfer", kind="transfer")
    assert _twice(told + _event(other, "1", *rows, claim="transfer", kind="transfer")) == ASKED
    narrow = _event("file:cointracker:a", "2", rows[0], kind="withdrawal")
    assert len(_twice(told + narrow)) == 1


def test_what_is_the_same_for_one_account_stays_out_whatever_the_other_tells() -> None:
    rows = (("a", "BTC", "-1"), ("b", "BTC", "1"))
    told = _event("file:koinly:x", "w", *rows, claim="transfer", kind="transfer")
    told += _event("kraken", "a", rows[0], kind="withdrawal")
    told += _event("gemini", "c", rows[1], kind="deposit", at=AT + timedelta(hours=10))
    first = event_id("kraken", "a")
    said = Decision(f"duplicate:{event_id('file:koinly:x', 'w')}:{first}", "same", AT, first)
    assert _twice(told, said) == ["same_event_by_word:sure"]


def test_parts_of_one_hash_with_a_fee_or_money_of_their_own_are_asked_about() -> None:
    def hashed(source: str, group: str, *rows: Row) -> list[Entry]:
        return [replace(e, txid="0xabc1") for e in _event(source, group, *rows, native=group)]

    whole = hashed("kraken", "1", ("k", "ETH", "-1"), ("k", "USD", "3000"))
    for first, second in (
        ((("k", "ETH", "-1"), ("k", "ETH fee", "-0.01")), ("k", "USD", "3000")),
        ((("k", "ETH", "-1"), ("k", "BNB fee", "-0.5")), ("k", "USD", "3000")),
        ((("k", "ETH", "-1"),), ("k", "USD", "5000")),
    ):
        parts = hashed("file:cointracker:k", "a", *first)
        parts += hashed("file:cointracker:k", "b", second)
        assert _twice(whole + parts) == ASKED * 2


def test_fills_are_found_in_a_crowd() -> None:
    told = []
    for n, (coin, money) in enumerate((("0.2", "-12000"), ("0.3", "-18000"))):
        rows = (("k", "BTC", coin), ("k", "USD", money), ("k", "USD fee", "-5"))
        told += _event("kraken", f"f{n}", *rows, at=AT + timedelta(seconds=n))
    for n in range(250):
        rows = (("k", "BTC", f"0.0{n + 101}"), ("k", "USD", f"-{n + 700}"))
        told += _event("kraken", f"o{n}", *rows, at=AT + timedelta(minutes=n + 1))
    order = (("k", "BTC", "0.5"), ("k", "USD", "-30000"))
    told += _event("file:koinly:k", "o", *order, at=AT + timedelta(minutes=1))
    assert _twice(told) == ASKED
