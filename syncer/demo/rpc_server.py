"""A small JSON-RPC server over the sandbox chain, single requests and batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from eth_tester.exceptions import BlockNotFound, TransactionFailed, TransactionNotFound
from web3 import Web3

from syncer.demo.chain import CHAIN_ID, SandboxChain


class RpcServer:
    """Answers what a wallet reader asks; amounts as hex text, keys in camel case."""

    def __init__(self, chain: SandboxChain) -> None:
        self.chain = chain
        self.requests = 0
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda: hex(CHAIN_ID),
            "net_version": lambda: str(CHAIN_ID),
            "web3_clientVersion": lambda: "syncer-sandbox",
            "eth_blockNumber": lambda: hex(chain.tester.get_block_by_number("latest")["number"]),
            "eth_getBalance": lambda a, b="latest": hex(chain.tester.get_balance(_sum(a), _at(b))),
            "eth_getTransactionCount": lambda a, b="latest": hex(
                chain.tester.get_nonce(_sum(a), _at(b))
            ),
            "eth_getCode": lambda a, b="latest": chain.tester.get_code(_sum(a), _at(b)),
            "eth_getBlockByNumber": self._block,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getLogs": self._logs,
            "eth_call": self._call,
            "eth_sendRawTransaction": lambda raw: chain.send_raw(raw),
        }

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        self.requests += 1
        try:
            asked = json.loads(await request.text())
        except ValueError:
            return web.json_response(_error(None, -32700, "parse error"))
        answer = (
            [self._answer(one) for one in asked] if isinstance(asked, list) else self._answer(asked)
        )
        return web.json_response(answer)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        number, method = asked.get("id"), self._methods.get(asked.get("method", ""))
        if method is None:
            return _error(number, -32601, f"the method {asked.get('method')} does not exist")
        try:
            result = method(*asked.get("params", []))
        except (BlockNotFound, TransactionNotFound):
            return {"jsonrpc": "2.0", "id": number, "result": None}
        except TransactionFailed as error:
            return _error(number, 3, f"execution reverted: {error}")
        except (ValueError, TypeError, KeyError, AssertionError) as error:
            return _error(number, -32602, f"invalid params: {error}")
        return {"jsonrpc": "2.0", "id": number, "result": result}

    def _block(self, number: str, full: bool = False) -> dict[str, Any]:
        block: dict[str, Any] = _camel(self.chain.tester.get_block_by_number(_at(number), full))
        if full:
            block["transactions"] = [_transaction(t) for t in block["transactions"]]
        return block

    def _transaction(self, tx_hash: str) -> dict[str, Any]:
        return _transaction(_camel(self.chain.tester.get_transaction_by_hash(tx_hash)))

    def _receipt(self, tx_hash: str) -> dict[str, Any]:
        receipt: dict[str, Any] = _camel(self.chain.tester.get_transaction_receipt(tx_hash))
        return receipt

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for number in range(_at(wanted["fromBlock"]), _at(wanted["toBlock"]) + 1):
            block = self.chain.tester.get_block_by_number(number)
            for tx_hash in block["transactions"]:
                found += [log for log in self._receipt(tx_hash)["logs"] if _matches(log, wanted)]
        return found

    def _call(self, wanted: dict[str, Any], number: str = "latest") -> str:
        # eth-tester wants a sender; any funded account serves to read
        sender = self.chain.tester.get_accounts()[9]
        call = {"from": sender, "to": _sum(wanted["to"]), "data": wanted.get("data", "0x")}
        result: str = self.chain.tester.call({**call, "gas": 1_000_000}, _at(number))
        return result


def _matches(log: dict[str, Any], wanted: dict[str, Any]) -> bool:
    address = wanted.get("address")
    if address and log["address"].lower() != str(address).lower():
        return False
    for place, topic in enumerate(wanted.get("topics", [])):
        allowed = topic if isinstance(topic, list) else [topic]
        if topic is not None and (
            len(log["topics"]) <= place or log["topics"][place] not in allowed
        ):
            return False
    return True


def _transaction(one: dict[str, Any]) -> dict[str, Any]:
    return {("input" if k == "data" else k): v for k, v in one.items()}


def _error(number: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def _at(number: Any) -> Any:
    return int(number, 16) if isinstance(number, str) and number.startswith("0x") else number


def _sum(address: str) -> str:
    return str(Web3.to_checksum_address(address))


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel_key(k): _camel(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_camel(v) for v in value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return hex(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _camel_key(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)
