"""Moves among pots of one coin: what cancels is no event, what has no other half is not guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from connectors.exchanges.pots import settled
from connectors.records import Entry, Role

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def move(
    native_id: str,
    quantity: str,
    kind: str = "pot_move",
    after: timedelta = timedelta(0),
    asset: str = "ETH",
    role: Role = "principal",
) -> Entry:
    return Entry(
        "x",
        f"transactions:{native_id}",
        "x",
        asset,
        Decimal(quantity),
        NOON + after,
        role,
        kind,
        native_id,
        evidence=f"row {native_id}",
    )


def named(*entries: Entry) -> list[tuple[str, str, str]]:
    """(group, kind, quantity) of what became of them."""
    return [
        (e.group.removeprefix("transactions:"), e.kind, str(e.quantity)) for e in settled(entries)
    ]


def test_two_halves_of_one_coin_are_a_pot_move_whatever_their_word() -> None:
    two_seconds = timedelta(seconds=2)
    assert named(move("1", "-3"), move("2", "3", after=two_seconds)) == [
        ("1", "pot_move", "-3"),
        ("2", "pot_move", "3"),
    ]
    assert named(move("1", "5", "own_move"), move("2", "-5", "own_move", two_seconds)) == [
        ("1", "pot_move", "5"),
        ("2", "pot_move", "-5"),
    ]


def test_a_move_to_a_place_that_no_list_shows_waits_for_its_other_half() -> None:
    assert named(
        move("1", "-3", "own_move"), move("2", "3", "own_move", asset="BTC"), move("f", "-1", "own")
    ) == [("1", "withdrawal", "-3"), ("2", "deposit", "3"), ("f", "own", "-1")]


def test_halves_more_than_a_week_apart_are_not_one_move() -> None:
    week = timedelta(days=7)
    late = week + timedelta(seconds=1)
    assert named(move("1", "-3", "own_move"), move("2", "3", "own_move", late)) == [
        ("1", "withdrawal", "-3"),
        ("2", "deposit", "3"),
    ]
    in_time = named(move("1", "-3", "own_move"), move("2", "3", "own_move", week))
    assert [kind for _, kind, _ in in_time] == ["pot_move", "pot_move"]


def test_the_nearest_halves_belong_together_and_those_of_one_kind_first() -> None:
    """Whatever the ids: a vault's two halves of noon are not torn apart by an unstaking at ten."""
    hours = timedelta(hours=1)
    for out, into in ("ab", "ba"):
        rows = [
            move("1", "-1", after=-30 * 24 * hours),
            move("2", "1", after=-2 * hours),
            move(out, "-1", "own_move"),
            move(into, "1", "own_move"),
            move("3", "1", after=30 * 24 * hours),
        ]
        assert named(*rows) == [
            ("1", "unseen_pot", "-1"),
            ("2", "unseen_pot", "1"),
            (out, "pot_move", "-1"),
            (into, "pot_move", "1"),
            ("3:more", "deposit", "1"),
        ]


def test_two_moves_of_one_row_are_two() -> None:
    one, two = move("1", "-1"), move("1", "-5", asset="USD")
    assert [(e.asset, e.kind, e.quantity) for e in settled([one, two])] == [
        ("ETH", "unseen_pot", -1),
        ("USD", "unseen_pot", -5),
    ]
    one, two = move("1", "-1"), move("1", "0.99", asset="ETH2")
    assert named(one, two) == [("1", "unseen_pot", "-1"), ("1:more", "deposit", "0.99")]


def test_a_fee_stays_with_a_deposit_or_withdrawal_and_is_else_an_event_of_its_own() -> None:
    fee = move("1", "-0.1", "own_move", role="fee")
    assert named(move("1", "-3", "own_move"), fee) == [
        ("1", "withdrawal", "-3"),
        ("1", "withdrawal", "-0.1"),
    ]
    assert named(move("1", "-3", "own_move"), fee, move("2", "3", "own_move")) == [
        ("1", "pot_move", "-3"),
        ("1:fee", "fee", "-0.1"),
        ("2", "pot_move", "3"),
    ]
    assert named(fee) == [("1:fee", "fee", "-0.1")]
    staked = move("1", "-0.1", role="fee")
    assert named(move("1", "-3"), staked)[1] == ("1:fee", "fee", "-0.1")


def test_what_lies_staked_unseen_may_come_back_in_parts_and_more_is_a_question() -> None:
    months = timedelta(days=60)
    rows = [
        move("1", "-10"),
        move("2", "4", after=months),
        move("3", "6.5", after=2 * months),
        move("4", "1", after=3 * months),
    ]
    assert named(*reversed(rows)) == [
        ("4:more", "deposit", "1"),
        ("3", "unseen_pot", "6"),
        ("3:more", "deposit", "0.5"),
        ("2", "unseen_pot", "4"),
        ("1", "unseen_pot", "-10"),
    ]
    (more,) = [e for e in settled(rows) if e.native_id == "4"]
    assert more.evidence == "row 4: more came back than is known to have gone in"


KINDS = st.sampled_from(["pot_move", "own_move"])
MOVES = st.lists(
    st.tuples(st.integers(-3, 3).filter(bool), KINDS, st.integers(0, 5), st.sampled_from("AB")),
    max_size=12,
)


@given(MOVES, st.randoms())
def test_no_name_changes_what_moved_nor_does_the_order_of_arrival(
    rows: list[tuple[int, str, int, str]], chance: object
) -> None:
    entries = [
        move(str(i), str(q), kind, timedelta(days=at), coin)
        for i, (q, kind, at, coin) in enumerate(rows)
    ]
    shuffled = list(entries)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    done, again = settled(entries), settled(shuffled)
    for coin in "AB":
        before = sum(e.quantity for e in entries if e.asset == coin)
        assert sum(e.quantity for e in done if e.asset == coin) == before
    assert sorted(map(repr, done)) == sorted(map(repr, again))
    lying = sum(e.quantity for e in done if e.kind == "unseen_pot")
    assert lying <= 0
