"""The venues that have a file of their own; any other goes through the general connector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from connectors.exchanges import (
    binanceus,
    bitstamp,
    coinbase,
    cryptocom,
    gemini,
    general,
    kraken,
    kraken_chain,
)
from connectors.exchanges.exchange import Exchange
from connectors.records import RawRecord, Translator


def _no_chain(records: Iterable[RawRecord]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Venue:
    """How to talk to a venue, how to read what it said, and what is likely behind a difference."""

    talk: type[Exchange]
    translate: Translator
    alone: Callable[[RawRecord], bool]
    causes: str
    breaks: Callable[[Iterable[RawRecord]], Mapping[str, str]] = _no_chain
    note: str | None = None
    beside: tuple[str, ...] = ()  # small streams without which no record can be read


def venue_of(name: str) -> Venue:
    """The venue of a name, a general one if it has no file; whether ccxt knows it shows when it is
    opened."""
    if name in VENUES:
        return VENUES[name]
    return Venue(
        general.General,
        general.translator(name),
        general.alone,
        "likely conversions, rewards or transfers between wallets, which ccxt's unified methods do "
        "not list, or history that the venue no longer gives",
        note=general.note(name),
    )


VENUES = {
    "binanceus": Venue(
        binanceus.BinanceUs,
        binanceus.translate,
        binanceus.alone,
        "likely fills of a pair that Binance.US no longer lists, or coins in a sub-account",
        beside=("pairs",),
    ),
    "bitstamp": Venue(
        bitstamp.Bitstamp,
        bitstamp.translate,
        bitstamp.alone,
        "likely coins in a sub-account or in Earn, or a transfer that is under way",
    ),
    "coinbase": Venue(
        coinbase.Coinbase,
        coinbase.translate,
        coinbase.alone,
        "likely coins staked, in another portfolio or in a vault that the key does not see, or a "
        "purchase with cash that Coinbase tells twice",
    ),
    "cryptocom": Venue(
        cryptocom.CryptoCom,
        cryptocom.translate,
        cryptocom.alone,
        "likely trades older than Crypto.com lists them: import those; or a derivative",
        note="Crypto.com lists trades for the last 6 to 18 months only; import what is older",
    ),
    "gemini": Venue(
        gemini.Gemini,
        gemini.translate,
        gemini.alone,
        "likely a transfer that is under way, or a balance adjusted by Gemini",
        beside=("symbols",),
    ),
    "kraken": Venue(
        kraken.Kraken,
        kraken.translate,
        kraken.alone,
        "likely a row that Kraken has not listed yet, or coins in its futures wallet",
        kraken_chain.breaks,
    ),
}
