"""Lines of an optional method: one for a year of a stablecoin, one for a year of NFTs.

Treas. Reg. 1.6045-1(d)(10): designated sales of qualifying stablecoins (for cash, services or
another such coin) may be summed up by coin, and left out up to $10,000 in all; specified NFTs
likewise up to $600. A stablecoin given for any other coin is then not reported at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from config.assets import names
from config.exact import CENT, ZERO, cents
from connectors.brokers.form_1099da import FormLine, plain_broker
from syncer.lots.model import Disposal
from syncer.reconcile.candidates import Field
from syncer.reconcile.model import Facts, Group, Place, Sale

STABLECOINS_UP_TO = Decimal(10_000)
NFTS_UP_TO = Decimal(600)


def aggregated(field: Field) -> list[Group]:
    """The year's designated sales for each line that sums them up, those that add up first; takes
    them from the field. The method is by broker and customer, so that a line may be about several
    accounts."""
    found: list[Group] = []
    lines = [x for x in field.lines.values() if x.aggregate and x.proceeds is not None]
    for adding_up in (True, False):
        for line in sorted(lines, key=lambda x: x.key):
            if line.key not in field.lines:
                continue
            slices = _slices(field, line, adding_up)
            if slices:
                found.append(Group((line,), Sale(slices)))
                field.take([line], slices)
    return found


def _slices(field: Field, line: FormLine, adding_up: bool) -> tuple[Disposal, ...]:
    """Those of one account, of all accounts that the form is of, or of all at the broker: the first
    that add up; else all that the form is of."""
    broker = [s for s in field.slices.values() if _is_summed(field, line, s)]
    broker.sort(key=lambda s: (s.disposed_at, s.disposal_id))
    own = [s for s in broker if s.account in field.accounts(line)]
    singles = ([s for s in own if s.account == a] for a in field.accounts(line))
    for some in (own, *singles, broker):
        if some and _adds_up(line, Sale(tuple(some))):
            return tuple(some)
    if adding_up:
        return ()
    singles_of = {(x.units, x.sold, x.amount) for x in field.lines.values() if not x.aggregate}
    return tuple(s for s in own if (s.quantity, field.day(s), s.proceeds_usd) not in singles_of)


def _adds_up(line: FormLine, sale: Sale) -> bool:
    ours = sale.proceeds
    near = ours is not None and abs(ours - line.amount) <= CENT * len(sale.slices)
    return near and sale.units == line.units


def _is_summed(field: Field, line: FormLine, one: Disposal) -> bool:
    if field.day(one).year != line.year or not field.is_at_broker(line, one):
        return False
    if line.aggregate == "nft":
        return is_nft(one.asset)
    return field.is_same(line, one.asset) and is_designated(one, field.facts)


def is_nft(asset: str) -> bool:
    """`chain:0xcontract/tokenid` (interfaces.md)."""
    return "/" in asset


def is_stablecoin(asset: str) -> bool:
    listed = names().listed(asset)
    return listed is not None and listed.stablecoin


def is_summed(asset: str) -> bool:
    """Whether the optional methods are for it."""
    return is_stablecoin(asset) or is_nft(asset)


def is_designated(one: Disposal, facts: Facts) -> bool:
    """A sale of a stablecoin for money, services, or another stablecoin."""
    if not is_stablecoin(one.asset):
        return False
    got = facts.received.get(one.event_id, frozenset())
    return one.kind != "swap" or (bool(got) and all(is_stablecoin(a) for a in got))


class Optional:
    """What brokers may leave out, worked out over a year's disposals."""

    def __init__(
        self, disposals: Iterable[Disposal], places: Mapping[str, Place], facts: Facts
    ) -> None:
        self._places, self._facts = places, facts
        self._coins: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._nfts: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for one in disposals:
            if one.kind == "fee_withheld":  # not reportable at all (c)(3)(ii)(C)
                continue
            if (broker := self._broker(one)) is not None:
                amount = one.proceeds_usd or ZERO
                if is_designated(one, facts):
                    self._coins[broker] += amount
                elif is_nft(one.asset):
                    self._nfts[broker] += amount

    def _broker(self, one: Disposal) -> str | None:
        place = self._places.get(one.account)
        return plain_broker(place.broker) if place and place.broker else None

    def why(self, one: Disposal) -> tuple[str, str] | None:
        """(kind of reason, evidence) if the broker may leave a sale out; None if it may not."""
        broker = self._broker(one) or ""
        if is_stablecoin(one.asset):
            if not is_designated(one, self._facts):
                return "optional_aggregate", "a stablecoin given for another coin is not reported"
            whole = self._coins[broker]
            if whole <= STABLECOINS_UP_TO:
                return (
                    "below_de_minimis",
                    f"stablecoin sales of the year are ${cents(whole):,f} in all",
                )
            return None
        if is_nft(one.asset) and (whole := self._nfts[broker]) <= NFTS_UP_TO:
            return "below_de_minimis", f"NFT sales of the year are ${cents(whole):,f} in all"
        return None


def expected_aggregates(
    disposals: Iterable[Disposal], places: Mapping[str, Place], facts: Facts
) -> Iterator[tuple[str, list[Disposal]]]:
    """(stablecoin or nft, sales) of each form that a broker under the optional methods writes: one
    for a stablecoin, one for all NFTs."""
    groups: dict[tuple[str, str, str], list[Disposal]] = defaultdict(list)
    for one in disposals:
        place = places.get(one.account)
        if place and place.broker:
            if is_designated(one, facts):
                groups[plain_broker(place.broker), "stablecoin", one.asset].append(one)
            elif is_nft(one.asset):
                groups[plain_broker(place.broker), "nft", ""].append(one)
    limits = {"stablecoin": STABLECOINS_UP_TO, "nft": NFTS_UP_TO}
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for (broker, kind, _), sales in groups.items():
        sums[broker, kind] += sum((s.proceeds_usd or ZERO for s in sales), ZERO)
    for (broker, kind, _), sales in sorted(groups.items()):
        if sums[broker, kind] > limits[kind]:
            yield kind, sales
