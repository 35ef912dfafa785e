"""The local venues by name; light, since a process of its own is started for one in many tests."""

from __future__ import annotations

from tests.venues.binanceus import LocalBinanceUs
from tests.venues.bitstamp import LocalBitstamp
from tests.venues.coinbase import LocalCoinbase
from tests.venues.cryptocom import LocalCryptoCom
from tests.venues.gemini import LocalGemini
from tests.venues.kraken import LocalKraken
from tests.venues.local import LocalVenue

LOCAL: dict[str, type[LocalVenue]] = {
    one.venue: one
    for one in (
        LocalBinanceUs,
        LocalBitstamp,
        LocalCoinbase,
        LocalCryptoCom,
        LocalGemini,
        LocalKraken,
    )
}
