"""What a key may do, at venues without a file of their own that tell it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from connectors.exchanges.client import VenueClient
from connectors.exchanges.exchange import Rights


async def rights(client: VenueClient) -> Rights | None:
    """None where the venue does not tell, or nobody knows how to ask."""
    ask = _ASK.get(client.venue)
    return await ask(client) if ask else None


async def _okx(client: VenueClient) -> Rights | None:
    answer = await client.call("private_get_account_config")
    told = tuple(str(answer["data"][0].get("perm") or "").split(","))
    return _of_words(told, reads={"read_only"}) if told != ("",) else None


async def _kucoin(client: VenueClient) -> Rights | None:
    answer = await client.call("private_get_user_api_key")
    told = tuple(str(answer["data"].get("permission") or "").split(","))
    return _of_words(told, reads={"General"}) if told != ("",) else None


async def _bybit(client: VenueClient) -> Rights | None:
    answer = await client.call("private_get_v5_user_query_api")
    told = answer["result"]
    words = [
        f"{area} {one}" for area, may in (told.get("permissions") or {}).items() for one in may
    ]
    if str(told.get("readOnly")) == "1":
        return Rights(("readOnly",), withdraws=_withdrawing(words))
    return Rights(tuple(words), tuple(words) or ("trade",), _withdrawing(words))


async def _bitfinex(client: VenueClient) -> Rights | None:
    answer = await client.call("private_post_auth_r_permissions")
    writes = tuple(f"{scope} write" for scope, _, write in answer if write)
    told = tuple(scope for scope, read, write in answer if read or write)
    return Rights(told, writes, _withdrawing(writes))


async def _binance(client: VenueClient) -> Rights | None:
    answer = await client.call("sapi_get_account_apirestrictions")
    may = [k for k, v in answer.items() if v is True and k.startswith(("enable", "permits"))]
    more = tuple(k for k in may if k != "enableReading")
    return Rights(tuple(may), more, _withdrawing(more))


def _of_words(told: tuple[str, ...], reads: set[str]) -> Rights:
    more = tuple(word for word in told if word not in reads)
    return Rights(told, more, _withdrawing(more))


def _withdrawing(words: Any) -> tuple[str, ...]:
    return tuple(w for w in words if "withdraw" in w.casefold())


_ASK: dict[str, Callable[[VenueClient], Awaitable[Rights | None]]] = {
    "okx": _okx,
    "okxus": _okx,
    "myokx": _okx,
    "kucoin": _kucoin,
    "bybit": _bybit,
    "bitfinex": _bitfinex,
    "binance": _binance,
}
