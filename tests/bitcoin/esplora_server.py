"""A chain of a few blocks behind an Esplora server on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.serving import serving

PAGE = 25
Output = tuple[str, int]  # whose, and satoshis


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass
class Chain:
    """Transactions in blocks; the server answers from it. `asked` are the paths, `failing` answers
    that are given instead, once each."""

    height: int = 880_000
    txs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failing: list[web.Response] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)  # that lists do not tell yet

    def pay(
        self,
        at: str,
        paid: Sequence[Output],
        spent: Sequence[tuple[str, int]] = (),
        mined: bool = False,
    ) -> str:
        """One transaction in a block of its own: `spent` are (txid, number) of outputs, none means
        that others paid."""
        self.height += 1
        vin = [self._input(txid, n) for txid, n in spent]
        total = sum(v for _, v in paid)
        if mined:
            vin = [{"txid": "00" * 32, "vout": 0xFFFFFFFF, "prevout": None, "is_coinbase": True}]
        elif not spent:
            prevout = {"scriptpubkey_address": "bc1qsomebody", "value": total + 500}
            vin = [{"txid": _digest("x"), "vout": 0, "prevout": prevout, "is_coinbase": False}]
        txid = _digest(at, paid, spent, mined)
        came = 0 if mined else sum(i["prevout"]["value"] for i in vin)
        self.txs[txid] = {
            "txid": txid,
            "vin": vin,
            "vout": [{"scriptpubkey_address": a, "value": v} for a, v in paid]
            + [{"scriptpubkey": "6a", "scriptpubkey_type": "op_return", "value": 0}],
            "fee": 0 if mined else came - total,
            "status": self._status(at, self.height),
        }
        return txid

    def _status(self, at: str, height: int) -> dict[str, Any]:
        time = int(datetime.fromisoformat(at).timestamp())
        block = {"block_height": height, "block_hash": _digest(at, height), "block_time": time}
        return {"confirmed": True, **block}

    def _input(self, txid: str, number: int) -> dict[str, Any]:
        prevout = self.txs[txid]["vout"][number]
        return {"txid": txid, "vout": number, "prevout": prevout, "is_coinbase": False}

    def moved(self, txid: str, at: str) -> None:
        """The chain was reorganised: it is in another block now."""
        self.height += 1
        self.txs[txid]["status"] = self._status(at, self.height)

    # ---- the server

    def of(self, address: str) -> list[dict[str, Any]]:
        """Confirmed, newest first."""
        mine = [t for t in self.txs.values() if address in (*_from(t), *_to(t))]
        return sorted(mine, key=lambda t: -t["status"]["block_height"])

    def stats(self, address: str) -> dict[str, Any]:
        mine = self.of(address)
        funded = [o["value"] for t in mine for o in t["vout"] if _is(o, address)]
        paid = (i["prevout"] for t in mine for i in t["vin"] if i["prevout"])
        spent = [o["value"] for o in paid if _is(o, address)]
        return {
            "tx_count": len(mine),
            "funded_txo_count": len(funded),
            "funded_txo_sum": sum(funded),
            "spent_txo_count": len(spent),
            "spent_txo_sum": sum(spent),
        }

    @contextmanager
    def served(self) -> Iterator[str]:
        app = web.Application()
        app.router.add_get("/{tail:.*}", self._answer)
        with serving(app) as url:
            yield url

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.failing:
            return self.failing.pop(0)
        match request.path.strip("/").split("/"):
            case ["blocks", "tip", "height"]:
                return web.Response(text=str(self.height))
            case ["address", address]:
                return web.json_response({"address": address, "chain_stats": self.stats(address)})
            case ["address", address, "txs", "chain", *after]:
                return web.json_response(self._page(address, after))
            case ["tx", txid] if txid in self.txs:
                return web.json_response(self.txs[txid])
            case ["tx", _]:
                return web.Response(status=404, text="Transaction not found")
        return web.Response(status=400, text="unknown")

    def _page(self, address: str, after: Sequence[str]) -> list[dict[str, Any]]:
        mine = [t for t in self.of(address) if t["txid"] not in self.hidden]
        ids = [t["txid"] for t in mine]
        start = ids.index(after[0]) + 1 if after else 0
        return mine[start : start + PAGE]


def _is(output: Mapping[str, Any], address: str) -> bool:
    return output.get("scriptpubkey_address") == address


def _from(body: Mapping[str, Any]) -> list[str]:
    return [i["prevout"]["scriptpubkey_address"] for i in body["vin"] if i["prevout"]]


def _to(body: Mapping[str, Any]) -> list[str]:
    return [o.get("scriptpubkey_address", "") for o in body["vout"]]
