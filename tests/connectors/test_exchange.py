"""What all venues share: one feed's trouble is told and stops no other; moves made entries."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from config.errors import AuthError, DataError, RateLimited, SyncerError, TransientError
from connectors.exchanges.exchange import REFUSED, UNREAD, Exchange, Rights, Told, translated
from connectors.exchanges.walk import DAY, Batch, Feed
from connectors.records import Page, RawRecord

D = Decimal
NOW = datetime(2025, 6, 1, tzinfo=UTC)


class Three(Exchange):
    """Feeds a, b and c; b goes wrong as it is told to."""

    venue = "kraken"

    def __init__(self, wrong: Exception | None, **more: Any) -> None:
        super().__init__("x", None, lambda: NOW)  # type: ignore[arg-type]
        self._wrong, self._more = wrong, more

    async def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        for name in "abc":
            yield Feed(name, self._fetch(name), **self._more)

    def _fetch(self, name: str) -> Any:
        async def fetch(start: int, end: int, cursor: Any) -> Batch:
            if name == "b" and self._wrong:
                raise self._wrong
            return Batch([RawRecord("x", name, "1", NOW, "{}")])

        return fetch

    async def held(self) -> Iterable[tuple[str, Any]]:
        return []

    async def rights(self) -> Rights | None:
        return None


async def pull(exchange: Exchange, cursors: Mapping[str, str] | None = None) -> list[Page]:
    return [page async for page in exchange.pull(cursors or {})]


def sentences(pages: Iterable[Page]) -> list[str | None]:
    return [json.loads(r.body)["sentence"] for p in pages for r in p.records if r.stream == UNREAD]


@pytest.mark.parametrize(
    "wrong", [DataError("b is refused"), AuthError("b is refused"), KeyError("amount")]
)
async def test_a_feed_that_is_refused_is_told_of_and_the_others_go_on(wrong: Exception) -> None:
    pages = await pull(Three(wrong))
    assert [p.stream for p in pages] == ["a", f"{UNREAD} b", "c"]
    (sentence,) = sentences(pages)
    odd = "kraken gave x rows of another shape than is known for b (KeyError 'amount')"
    assert sentence == ("b is refused" if isinstance(wrong, SyncerError) else odd)
    # once it is read, that is told as well
    pages = await pull(Three(None), {f"{UNREAD} b": REFUSED})
    assert [p.stream for p in pages] == ["a", "b", f"{UNREAD} b", "c"]
    assert sentences(pages) == [None]


async def test_a_key_that_is_refused_at_once_or_a_venue_that_is_down_ends_the_pull() -> None:
    for wrong in (TransientError("down"), RateLimited("slow down")):
        with pytest.raises(type(wrong)):
            await pull(Three(wrong))

    class AtOnce(Three):
        def _fetch(self, name: str) -> Any:
            return super()._fetch("b")

    with pytest.raises(AuthError):
        await pull(AtOnce(AuthError("refused")))


async def test_an_optional_feed_is_missed_only_if_it_once_was_read() -> None:
    down = Three(TransientError("down"), optional=True)
    assert [p.stream for p in await pull(down)] == ["a", "c"]
    once = {"b": json.dumps({"complete_to": int(NOW.timestamp()) - DAY})}
    assert sentences(await pull(down, once)) == ["down"]


async def test_time_that_passed_unread_beyond_what_the_venue_keeps_is_told() -> None:
    before = int(NOW.timestamp()) - 100 * DAY
    cursors = {name: json.dumps({"complete_to": before}) for name in "ac"}
    (told, again) = sentences(await pull(Three(None, keeps=90 * DAY), cursors))
    assert told == (
        "kraken is sure to list a for 90 days only, and x was not read for longer: rows of "
        "2025-02-21 to 2025-03-03 may be missing; import that time from its files"
    )
    assert again is not None
    assert again.startswith("kraken is sure to list c")
    assert sentences(await pull(Three(None, keeps=101 * DAY), cursors)) == []


# ---- moves made entries


def told(kind: str = "trade") -> Told:
    return Told("kraken", RawRecord("x", "s", "1", NOW, "{}"), kind, NOW)


def made(
    *moves: tuple[str, str], fee: tuple[str, str] | None = None, kind: str = "trade"
) -> list[tuple[str, str, str, str]]:
    entries = told(kind).entries(
        *((a, D(q)) for a, q in moves), fee=(fee[0], D(fee[1])) if fee else None
    )
    return [(e.kind, e.asset, str(e.quantity), e.role) for e in entries]


def test_two_moves_of_one_coin_add_up() -> None:
    assert made(("ETH", "1"), ("ETH", "0.5"), ("USD", "-9")) == [
        ("trade", "ETH", "1.5", "principal"),
        ("trade", "USD", "-9", "principal"),
    ]


def test_a_negative_fee_is_more_of_what_came_or_a_credit_of_its_own() -> None:
    assert made(("ETH", "1"), ("USD", "-9"), fee=("USD", "-0.5"))[1:] == [
        ("trade", "USD", "-8.5", "principal")
    ]
    assert made(("ETH", "1"), fee=("USD", "-0.5"))[1:] == [
        ("income:other", "USD", "0.5", "principal")
    ]


def test_a_reward_that_takes_more_than_it_gives_is_no_income() -> None:
    taken = made(("ETH", "1"), fee=("ETH", "2"), kind="income:staking")
    assert {kind for kind, *_ in taken} == {"unknown:negative income:staking"}
    assert {kind for kind, *_ in made(("ETH", "1"), kind="income:staking")} == {"income:staking"}


def test_a_record_that_cannot_be_read_is_set_aside_and_the_others_are_read() -> None:
    def entries_of(record: RawRecord) -> list[Any]:
        return told().entries(("ETH", D(json.loads(record.body)["quantity"])))

    records = [
        RawRecord("x", "s", "1", NOW, '{"quantity": "1"}'),
        RawRecord("x", "s", "2", NOW, "{}"),
        RawRecord("x", "s", "3", NOW, "[]"),
        RawRecord("x", "s", "4", NOW, '{"quantity": "a few"}'),
    ]
    found = translated(records, entries_of)
    assert [str(e.quantity) for e in found.entries] == ["1"]
    assert [p.native_id for p in found.problems] == ["2", "3", "4"]
    assert found.problems[0].sentence == "it lacks 'quantity'"
