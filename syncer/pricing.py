"""Asks the price sources in their order, and says why a price is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.errors import RateLimited, SyncerError, TransientError
from connectors.prices.source import Price, PriceSource, UnknownAsset
from syncer.events import ASSET_UNKNOWN, NO_PRICE, RATE_LIMITED, UNREACHABLE

# how long a price that was not found is not asked for again, unless a person wants it
REST: Mapping[str, timedelta] = {
    NO_PRICE: timedelta(days=1),
    ASSET_UNKNOWN: timedelta(days=7),
    RATE_LIMITED: timedelta(minutes=10),
    UNREACHABLE: timedelta(minutes=10),
}
# what reading an answer of another shape than is known raises: no source may stop the others
ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no price: the gap's name, and what the sources said."""

    reason: str
    detail: str


class Pricing:
    """The sources for one run; one that asks to slow down, or does not answer, rests for the rest
    of it. `sentences` tell of those."""

    def __init__(self, sources: Sequence[PriceSource]) -> None:
        self._sources = sources
        self._resting: dict[str, Missing] = {}
        self.sentences: list[str] = []

    async def past(self, asset: str, at: datetime) -> Price | Missing:
        """The first source's price that has one."""
        said: list[Missing] = []
        for source in self._sources:
            try:
                price = None if source.name in self._resting else await source.past(asset, at)
            except SyncerError as error:
                said.append(self._said(source.name, error))
                continue
            except ODD as error:
                odd = f"{source.name} answered something odd ({type(error).__name__}: {error})"
                said.append(Missing(NO_PRICE, odd))
                continue
            if price:
                return price
            none = Missing(NO_PRICE, f"{source.name} has none near that time")
            said.append(self._resting.get(source.name, none))
        return _weightiest(said)

    def _said(self, name: str, error: SyncerError) -> Missing:
        if isinstance(error, UnknownAsset):
            return Missing(ASSET_UNKNOWN, str(error))
        if not isinstance(error, TransientError):
            return Missing(NO_PRICE, str(error))
        reason = RATE_LIMITED if isinstance(error, RateLimited) else UNREACHABLE
        self._resting[name] = Missing(reason, str(error))
        self.sentences.append(f"prices: {error}")
        return self._resting[name]

    async def present(self, assets: Iterable[str]) -> dict[str, Price]:
        """Prices now, each from the first source that has one."""
        found: dict[str, Price] = {}
        for source in self._sources:
            left = sorted(set(assets) - found.keys())
            if not left:
                break
            try:
                found |= await source.present(left)
            except (SyncerError, *ODD) as error:
                self.sentences.append(f"prices: {source.name}: {error}")
        return found

    async def close(self) -> None:
        for source in self._sources:
            await source.close()


def _weightiest(said: Sequence[Missing]) -> Missing:
    """What may pass comes first: only if every source knows no such asset is it unknown."""
    order = (RATE_LIMITED, UNREACHABLE, NO_PRICE, ASSET_UNKNOWN)
    reason = next((r for r in order if any(m.reason == r for m in said)), NO_PRICE)
    details = dict.fromkeys(m.detail for m in said)
    return Missing(reason, "; ".join(details) or "no price source is set")
