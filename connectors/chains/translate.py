"""Stored chain records to entries: explicit moves, fees, and what only the balance shows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import DataError
from config.exact import units
from connectors.chains.rpc import as_int, optional_int
from connectors.chains.topics import (
    APPROVAL,
    APPROVAL_FOR_ALL,
    DEPOSIT,
    NATIVE_LOGS,
    TRANSFER,
    TRANSFER_BATCH,
    TRANSFER_SINGLE,
    WITHDRAWAL,
    address_of,
)
from connectors.records import Entry, Problem, RawRecord, Role, Translation

NATIVE_PLACES = 18


@dataclass(frozen=True, slots=True)
class _Move:
    """A signed change of one own address; `raw` in the asset's smallest unit."""

    own: str
    contract: str | None
    raw: int
    other: str | None
    role: Role = "principal"
    token_id: int | None = None
    note: str = ""


class ChainTranslator:
    """Pure: the records of one wallet on one chain in, entries out."""

    def __init__(self, account: str, addresses: Iterable[str], chain: str, chain_id: int) -> None:
        self.account, self.chain, self.chain_id = account, chain, chain_id
        self._own = {a.lower() for a in addresses}

    def __call__(self, records: Iterable[RawRecord]) -> Translation:
        by_stream: dict[str, list[tuple[RawRecord, dict[str, Any]]]] = defaultdict(list)
        for record in records:
            body = json.loads(record.body)
            if "gone" not in body:
                by_stream[record.stream].append((record, body))
        decimals = {record.native_id: body["decimals"] for record, body in by_stream["tokens"]}
        entries: list[Entry] = []
        problems: list[Problem] = []
        moved: dict[tuple[int, str], int] = defaultdict(int)
        callers: dict[tuple[int, str], list[Entry]] = defaultdict(list)
        for record, body in by_stream["txs"]:
            number = _number(body)
            try:
                moves = list(self._moves(body))
            except (DataError, KeyError, TypeError, ValueError) as error:
                problems.append(Problem(record.source, "txs", record.native_id, _sentence(error)))
                continue
            for move in moves:
                moved[number, move.own] += 0 if move.contract else move.raw
                try:
                    entries.append(self._entry(record, body, move, moves, decimals))
                except DataError as error:
                    problems.append(Problem(record.source, "txs", record.native_id, str(error)))
            if self._parties(body):
                for own in self._own:
                    callers[number, own].append(self._native(record, body, moves))
        for record, body in by_stream["blocks"]:
            entries += self._remainder(record, body, moved, callers)
        return Translation(tuple(entries), tuple(problems))

    def _moves(self, body: dict[str, Any]) -> Iterator[_Move]:
        transaction, receipt = body["transaction"], body["receipt"]
        sender, to = transaction["from"].lower(), (transaction.get("to") or "").lower()
        worked = _worked(transaction, receipt)
        value = as_int(transaction["value"])
        if worked and value and sender != to:
            if sender in self._own:
                yield _Move(sender, None, -value, to or None)
            if to in self._own:
                yield _Move(to, None, value, sender)
        if sender in self._own and (fee := _fee(transaction, receipt)):
            yield _Move(sender, None, -fee, None, role="fee")
        if worked:
            for log in receipt["logs"]:
                yield from self._log_moves(log)

    def _log_moves(self, log: dict[str, Any]) -> Iterator[_Move]:
        topics, contract = log["topics"], log["address"].lower()
        if not topics or contract == NATIVE_LOGS:
            return
        if topics[0] == TRANSFER and len(topics) in (3, 4):
            nft = len(topics) == 4
            raw = 1 if nft else as_int(log["data"])
            yield from self._pair(
                topics[1], topics[2], contract, raw, as_int(topics[3]) if nft else None
            )
        elif topics[0] == TRANSFER_SINGLE and len(topics) == 4:
            token_id, raw = int(log["data"][2:66], 16), int(log["data"][66:130], 16)
            yield from self._pair(topics[2], topics[3], contract, raw, token_id)
        elif topics[0] == TRANSFER_BATCH and {address_of(t) for t in topics[2:4]} & self._own:
            raise DataError("a batch of tokens (TransferBatch) moved, which is not read yet")
        elif topics[0] in (DEPOSIT, WITHDRAWAL) and len(topics) == 2:
            yield from self._wrap_moves(
                topics[0], address_of(topics[1]), contract, as_int(log["data"])
            )

    def _wrap_moves(self, topic: str, own: str, contract: str, raw: int) -> Iterator[_Move]:
        # any contract may emit these two names, so only listed wrappers are believed
        if own not in self._own or not self._is_wrapper(contract):
            return
        if topic == DEPOSIT:
            yield _Move(own, contract, raw, contract, note="wrap")
        else:
            yield _Move(own, contract, -raw, contract, note="unwrap")
            yield _Move(own, None, raw, contract, note="unwrap")

    def _is_wrapper(self, contract: str) -> bool:
        name = names().token(self.chain, self.chain_id, contract)
        return names().wrapped(name) is not None

    def _pair(
        self, from_: str, to: str, contract: str, raw: int, token_id: int | None
    ) -> Iterator[_Move]:
        sender, receiver = address_of(from_), address_of(to)
        if not raw or sender == receiver:
            return  # a zero-value transfer is somebody's trick, not a movement
        if sender in self._own:
            yield _Move(sender, contract, -raw, receiver, token_id=token_id)
        if receiver in self._own:
            yield _Move(receiver, contract, raw, sender, token_id=token_id)

    def _entry(
        self,
        record: RawRecord,
        body: dict[str, Any],
        move: _Move,
        moves: list[_Move],
        decimals: dict[str, int | None],
    ) -> Entry:
        return Entry(
            source=record.source,
            group=record.native_id,
            account=self.account,
            asset=self._asset(move),
            quantity=self._quantity(move, decimals),
            at=_time(body),
            role=move.role,
            kind=self._kind(body, moves),
            native_id=record.native_id,
            txid=record.native_id,
            address=move.other,
            network=self.chain,
            evidence=f"transaction {record.native_id} in block {_number(body)}",
        )

    def _asset(self, move: _Move) -> str:
        if move.contract is None:
            return names().native(self.chain, self.chain_id)
        name = names().token(self.chain, self.chain_id, move.contract)
        return f"{name}/{move.token_id}" if move.token_id is not None else name

    def _quantity(self, move: _Move, decimals: dict[str, int | None]) -> Decimal:
        if move.contract is None:
            return units(move.raw, NATIVE_PLACES)
        if move.token_id is not None:
            return Decimal(move.raw)
        places = decimals.get(move.contract)
        if places is None:
            raise DataError(f"the decimals of token {move.contract} cannot be read")
        return units(move.raw, places)

    def _kind(self, body: dict[str, Any], moves: list[_Move]) -> str:
        transaction, receipt = body["transaction"], body["receipt"]
        if not _worked(transaction, receipt):
            return "failed"
        notes = {m.note for m in moves if m.note}
        if notes:
            return notes.pop()
        if transaction["from"].lower() not in self._own:
            return "received"
        topics = {log["topics"][0] for log in receipt["logs"] if log["topics"]}
        if topics and topics <= {APPROVAL, APPROVAL_FOR_ALL}:
            return "approval"
        return "sent"

    def _parties(self, body: dict[str, Any]) -> set[str]:
        ends = {body["transaction"]["from"].lower(), (body["transaction"].get("to") or "").lower()}
        return ends & self._own

    def _native(self, record: RawRecord, body: dict[str, Any], moves: list[_Move]) -> Entry:
        """An entry of no coin on a transaction of ours, for what only the balance shows."""
        return self._entry(record, body, _Move("", None, 0, None), moves, {})

    def _remainder(
        self,
        record: RawRecord,
        body: dict[str, Any],
        moved: dict[tuple[int, str], int],
        callers: dict[tuple[int, str], list[Entry]],
    ) -> list[Entry]:
        """What the balance shows beyond the moves: an internal transfer, or unexplained.

        It is given to a transaction only if that is the one of ours in the block.
        """
        key = (body["number"], body["address"])
        rest = int(body["after"]) - int(body["before"]) - moved[key]
        if not rest:
            return []
        quantity = units(rest, NATIVE_PLACES)
        if len(callers[key]) == 1:
            (one,) = callers[key]
            evidence = f"{one.evidence}, from the balance change"
            return [replace(one, quantity=quantity, evidence=evidence)]
        return [
            Entry(
                source=record.source,
                group=f"block:{record.native_id}",
                account=self.account,
                asset=names().native(self.chain, self.chain_id),
                quantity=quantity,
                at=_time(body),
                role="principal",
                kind="unexplained",
                native_id=record.native_id,
                network=self.chain,
                evidence=f"balance of block {body['number']} beyond all transactions found",
            )
        ]


def _fee(transaction: dict[str, Any], receipt: dict[str, Any]) -> int:
    price = receipt.get("effectiveGasPrice") or transaction.get("gasPrice")
    fee = as_int(receipt["gasUsed"]) * as_int(price)
    fee += optional_int(receipt.get("l1Fee"))
    if optional_int(transaction.get("type")) == 3:
        fee += optional_int(receipt.get("blobGasUsed")) * optional_int(receipt.get("blobGasPrice"))
    return fee


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, DataError) else f"it lacks or garbles {error}"


def _worked(transaction: dict[str, Any], receipt: dict[str, Any]) -> bool:
    """Whether it succeeded; before Byzantium receipts had no status, and failure used all gas."""
    if "status" in receipt:
        return as_int(receipt["status"]) == 1
    return bool(receipt["logs"]) or as_int(receipt["gasUsed"]) < as_int(transaction["gas"])


def _number(body: dict[str, Any]) -> int:
    return as_int(body["receipt"]["blockNumber"])


def _time(body: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(as_int(body["timestamp"]), UTC)
