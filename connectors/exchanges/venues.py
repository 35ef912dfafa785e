"""The venues that have a file of their own; any other goes through the general connector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.exchanges import kraken
from connectors.exchanges.exchange import Exchange
from connectors.records import RawRecord, Translator


@dataclass(frozen=True, slots=True)
class Venue:
    """How to talk to a venue and how to read what it said."""

    talk: type[Exchange]
    translate: Translator
    alone: Callable[[RawRecord], bool]


VENUES = {
    "kraken": Venue(kraken.Kraken, kraken.translate, kraken.alone),
}
