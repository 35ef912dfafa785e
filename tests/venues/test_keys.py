"""A key that can withdraw is refused, one that can trade is warned of, unknown is said to be so."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.secrets import ApiKey
from connectors.exchanges.client import VenueClient
from connectors.exchanges.venues import VENUES
from connectors.records import KeyReport
from syncer.store import records
from tests.serving import serving
from tests.venues.coinbase import LocalCoinbase
from tests.venues.contract import IMPATIENT, pulled_from
from tests.venues.gemini import LocalGemini
from tests.venues.known import LOCAL
from tests.venues.kraken import LocalKraken
from tests.venues.local import LocalVenue


async def report(local: LocalVenue, allow_trade_key: bool = True, ahead: int = 0) -> KeyReport:
    with serving(local.app()) as url:
        client = VenueClient(local.venue, "x", local.key, url, 1, IMPATIENT)
        client._client.enableRateLimit = False
        if ahead:
            real = client._client.milliseconds
            client._client.milliseconds = lambda: real() + ahead * 1000
        now = datetime(2025, 4, 1, tzinfo=UTC)
        talk = VENUES[local.venue].talk("x", client, lambda: now, allow_trade_key)
        try:
            return await talk.check_key()
        finally:
            await talk.close()


def kraken(*permissions: str) -> LocalVenue:
    local = LocalKraken(random.Random(1))
    local._server.permissions = ["query-funds", *permissions]
    return local


def coinbase(**permissions: bool) -> LocalVenue:
    local = LocalCoinbase(random.Random(1))
    local.permissions |= permissions
    return local


def gemini(**roles: bool) -> LocalVenue:
    local = LocalGemini(random.Random(1))
    local.roles |= roles
    return local


@pytest.mark.parametrize(
    ("local", "trades", "withdraws"),
    [
        (kraken, {}, {}),
        (coinbase, {"can_trade": True}, {"can_transfer": True}),
        (gemini, {"isTrader": True}, {"isFundManager": True}),
    ],
)
async def test_venues_that_tell(
    local: Callable[..., LocalVenue], trades: dict[str, bool], withdraws: dict[str, bool]
) -> None:
    names = ("modify-trades",), ("withdraw-funds",)
    trading = local(**trades) if trades else local(*names[0])
    withdrawing = local(**withdraws) if withdraws else local(*names[1])
    assert (await report(local())).warnings == ()
    warned = await report(trading)
    assert warned.refusal is None
    assert len(warned.warnings) == 1
    assert "a read-only key is safer" in warned.warnings[0]
    refused = await report(trading, allow_trade_key=False)
    assert refused.refusal is not None
    assert "allow_trade_key is false" in refused.refusal
    can_withdraw = await report(withdrawing)
    assert can_withdraw.refusal is not None
    assert "can withdraw" in can_withdraw.refusal


@pytest.mark.parametrize("name", ["binanceus", "bitstamp", "cryptocom"])
async def test_venues_that_do_not_tell(name: str) -> None:
    found = await report(LOCAL[name](random.Random(1)))
    assert found.refusal is None
    assert found.warnings[0] == (
        f"{name} does not tell what the key may do; make sure it can only read"
    )


async def test_a_wrong_clock_is_said(tmp_path: Path) -> None:
    behind = await report(coinbase(), ahead=-42)
    (warning,) = behind.warnings
    assert warning.startswith("this machine's clock is 4")
    assert warning.endswith("seconds behind coinbase's; set it")
    assert (await report(coinbase(), ahead=3)).warnings == ()


@pytest.mark.parametrize("name", sorted(LOCAL))
async def test_a_key_that_the_venue_refuses_pauses_the_source(name: str, tmp_path: Path) -> None:
    local: Any = LOCAL[name](random.Random(1))
    with pulled_from(local, tmp_path) as pulled:
        pulled.key = ApiKey(local.key.key, "b3RoZXIgc2VjcmV0")
        result = await pulled.pull()
        assert result.sentence == (
            f"{name} refused the key of x; check the key and its permissions at the venue"
        )
        with pulled.database.read() as connection:
            ((_, outcome, _),) = records.newest_pulls(connection, "x")
        assert outcome == "refused"
        assert pulled.stored() == {}
