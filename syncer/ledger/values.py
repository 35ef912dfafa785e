"""Dollar values of legs, each with its source; what has no price is a gap on its event.

Order: what the source states, the money leg of the same trade, a priced leg of the same swap,
the market at that instant. A price of zero is never taken.
Reg. 1.1012-1(h)(1)(i)(B): the value of what is received rules, else of what is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from config.assets import names
from config.exact import ZERO, cents, dealt
from syncer.events import (
    DUPLICATE,
    NO_PRICE,
    OPEN,
    PRICE_GAPS,
    RATE_LIMITED,
    UNREACHABLE,
    Event,
    Leg,
    is_income,
)

PASSING = frozenset((RATE_LIMITED, UNREACHABLE))  # why a price is missing for now
_WHOLE = frozenset({"spend", "gift_in", "inheritance", "donation", "lost"})


@dataclass(frozen=True, slots=True)
class Quote:
    """Dollars per unit, and where they are from."""

    usd: Decimal
    source: str


Asked = tuple[str, datetime]  # an asset and an instant


class Prices(Protocol):
    """What is known: a quote; one of zero says by its source why there is none."""

    def get(self, key: Asked, /) -> Quote | None: ...


@dataclass(frozen=True, slots=True)
class Worth:
    """Prices by what an asset is worth: a lender's share is its coin, one to one; a stablecoin is a
    dollar where the person wants that."""

    prices: Prices
    stands_for: Mapping[str, str]
    stablecoins_at_one: bool = False

    def get(self, key: Asked, /) -> Quote | None:
        asset, at = key
        coin = self.stands_for.get(asset, asset)
        listed = names().listed(coin)
        if self.stablecoins_at_one and listed is not None and listed.stablecoin:
            return Quote(Decimal(1), "[prices] stablecoins = one")
        return self.prices.get((coin, at))


def stands_for(events: Iterable[Event]) -> dict[str, str]:
    """The coin behind each share of a lender, by the lendings that were carried."""
    found = {}
    for event in events:
        if event.rule == "lent" and event.kind == "wrap":
            left, came = event.leaving()[0].asset, event.coming()[0].asset
            share, coin = (came, left) if names().listed(left) else (left, came)
            found[share] = coin
    return found


def needed(events: Iterable[Event], worth: Worth | None = None) -> set[Asked]:
    """The (asset, instant) pairs whose price would be asked for."""
    asked: set[Asked] = set()
    recorder = _Recorder(asked)
    prices = replace(worth, prices=recorder) if worth else recorder
    for event in events:
        valued(event, prices)
    return asked


def value(events: Iterable[Event], prices: Prices) -> list[Event]:
    return [valued(event, prices) for event in events]


class _Recorder:
    """Stands in for the prices and notes what is asked."""

    def __init__(self, asked: set[Asked]) -> None:
        self._asked = asked

    def get(self, key: Asked, /) -> None:
        self._asked.add(key)


def valued(event: Event, prices: Prices) -> Event:
    """The event with dollars on the legs that need them, and a gap where one has none."""
    if event.kind == DUPLICATE:
        return event
    legs = [_money(g) for g in event.legs]
    if event.kind in ("buy", "sell", "trade"):
        legs = _exchange(event, legs, prices)
    elif is_income(event.kind) or event.kind in _WHOLE or event.kind in OPEN:
        legs = [_market(g, event, prices) if g.role == "principal" else g for g in legs]
    legs = [_fee(g, legs, event, prices) for g in legs]
    lacking = [g for g in legs if g.usd is None and must_have_value(g, event)]
    gaps = tuple(g for g in event.gaps if g not in PRICE_GAPS)
    if lacking:
        gaps += (NO_PRICE, *sorted({r for g in lacking if (r := _reason(g)) != NO_PRICE}))
    return replace(event, legs=tuple(legs), gaps=gaps)


def _reason(leg: Leg) -> str:
    """Why a leg has no value."""
    return _told(leg) or NO_PRICE


def _told(leg: Leg) -> str | None:
    """Why a leg has no value, where its price was asked for."""
    told = (leg.usd_source or "").split(":", 1)[0]
    return told if told in PRICE_GAPS else None


def must_have_value(leg: Leg, event: Event) -> bool:
    """Whether the figures need dollars for this leg."""
    if leg.role == "fee":
        return True
    priced = event.kind in ("buy", "sell", "trade") or event.kind in _WHOLE
    return priced or is_income(event.kind)


def _money(leg: Leg) -> Leg:
    if leg.asset == "USD":
        dollars = leg.quantity if leg.quantity > ZERO else -leg.quantity  # the same one, if it is
        return replace(leg, usd=dollars, usd_source="dollars")
    return leg


def _market(leg: Leg, event: Event, prices: Prices) -> Leg:
    if leg.usd is not None:
        return leg
    at = event.at
    if event.kind == "inheritance" and event.claim and event.claim.lot_acquired_at:
        at = event.claim.lot_acquired_at  # the value at death is the basis
    quote = prices.get((leg.asset, at))
    if quote is None:
        return leg
    if quote.usd <= ZERO:
        return replace(leg, usd_source=quote.source)  # why there is none
    return replace(leg, usd=abs(leg.quantity) * quote.usd, usd_source=quote.source)


def _exchange(event: Event, legs: list[Leg], prices: Prices) -> list[Leg]:
    """Value both sides of a buy, sell or trade; the received side rules."""
    coming = [g for g in legs if g.role == "principal" and g.quantity > ZERO]
    leaving = [g for g in legs if g.role == "principal" and g.quantity < ZERO]
    if event.kind == "buy" or all(names().is_fiat(g.asset) for g in leaving):
        rulers, others = leaving, coming
    else:
        rulers, others = coming, leaving
    priced = {id(g): _market(g, event, prices) for g in rulers}
    if any(g.usd is None for g in priced.values()):
        instead = {id(g): _market(g, event, prices) for g in others}
        if _may_come(priced.values(), others):
            return [priced.get(id(g), g) for g in legs]
        rulers, others = others, rulers
        priced = instead
    if any(g.usd is None for g in priced.values()):
        return legs
    total = sum((g.usd or ZERO for g in priced.values()), ZERO)
    if rulers is coming and total < sum((g.usd or ZERO for g in leaving if _is_money(g)), ZERO):
        return legs  # more money was paid than what came is worth: the price cannot be
    if len(others) == 1:
        source = "the other side of the trade"
        dollars = all(g.asset == "USD" for g in rulers)  # they rule over what was stated
        told = [g for g in others if dollars or g.usd is None]
        priced |= {id(g): replace(g, usd=total, usd_source=source) for g in told}
    else:
        priced |= _dealt(others, total, event, prices)
    return [priced.get(id(g), g) for g in legs]


def _may_come(rulers: Iterable[Leg], others: Iterable[Leg]) -> bool:
    """Whether a price that rules is still to be asked for, or its source did not answer: the other
    side must not stand in for it, or the books would hang on what failed when. What was never
    asked for yields to what a source states."""
    reasons = {_told(g) for g in rulers if g.usd is None}
    never = None in reasons and any(g.usd is None for g in others)
    return never or not reasons.isdisjoint(PASSING)


def _is_money(leg: Leg) -> bool:
    return names().is_fiat(leg.asset)


def _dealt(others: list[Leg], total: Decimal, event: Event, prices: Prices) -> dict[int, Leg]:
    """Several on the other side: money counts as what it is, the coins by their market values
    share what is left; without all of those, each has what is known."""
    coins = [g for g in others if not _is_money(g)]
    money = [g for g in others if _is_money(g)]
    priced = {id(g): _market(g, event, prices) for g in others}
    rest = total - sum((priced[id(g)].usd or ZERO for g in money), ZERO)
    weights = [priced[id(g)].usd or ZERO for g in coins]
    if len(coins) == 1:
        weights = [Decimal(1)]
    if rest <= ZERO:
        return {id(g): g for g in others}  # what was paid cannot be: a gap
    if not all(weights) or any(priced[id(g)].usd is None for g in money):
        return priced
    shares = dealt(cents(rest), weights, sum(weights, ZERO))
    source = "its share of the other side of the trade"
    told = zip(coins, shares, strict=True)
    return priced | {id(g): replace(g, usd=usd, usd_source=source) for g, usd in told}


def _fee(leg: Leg, legs: list[Leg], event: Event, prices: Prices) -> Leg:
    """A coin fee is worth what the same coin is worth in the same trade, else the market."""
    if leg.role != "fee" or leg.usd is not None:
        return leg
    same = next(
        (g for g in legs if g.role == "principal" and g.asset == leg.asset and g.usd is not None),
        None,
    )
    if same is not None and same.usd is not None:
        share = same.usd * abs(leg.quantity) / abs(same.quantity)
        return replace(leg, usd=share, usd_source="the same coin in the trade")
    return _market(leg, event, prices)
