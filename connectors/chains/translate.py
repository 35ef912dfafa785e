"""Stored chain records to entries: explicit moves, fees, and what only the balance shows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import DataError
from config.exact import units
from config.token_list import TokenList
from connectors.chains import native
from connectors.chains.decoders import decode, learn
from connectors.chains.moves import Move, Sight, plain
from connectors.chains.rpc import as_int
from connectors.chains.spam import shown, trick
from connectors.chains.tokens import token_of
from connectors.chains.topics import APPROVAL, APPROVAL_FOR_ALL
from connectors.records import Entry, Problem, RawRecord, Translation

NATIVE_PLACES = 18
MONTH = timedelta(days=35)
PLAIN_SEND = 21_000  # gas with which nothing is called
ASK_BACK, PUBLIC_KEY = "0x00000961ef480eb55e80d19ad83579a64c007002", 48  # EIP-7002, bytes
PRINCIPAL = 8 * 10**9  # gwei: no reward of one sweep is as large, a stake of a validator is 32


@dataclass(frozen=True, slots=True)
class _Caller:
    """A transaction of ours: an entry of no coin, whether its call tree is known, and whether its
    receipt leaves out a part of the fee."""

    entry: Entry
    traced: bool
    lacks_fee: bool


@dataclass(slots=True)
class _Seen:
    """Of one address in one block: wei that are known to have moved, and transactions of ours."""

    moved: int = 0
    callers: list[_Caller] = field(default_factory=list)


# by block, own address and contract: an entry of each transaction that moved that token
Touched = dict[tuple[int, str, str], dict[str, Entry]]


class ChainTranslator:
    """Pure: the records of one wallet on one chain in, entries out."""

    def __init__(
        self,
        account: str,
        addresses: Iterable[str],
        chain: str,
        chain_id: int,
        token_list: TokenList | None = None,
    ) -> None:
        self.account, self.chain, self.chain_id = account, chain, chain_id
        self._token_list = token_list or TokenList()
        self._own = frozenset(a.lower() for a in addresses)

    def __call__(self, records: Iterable[RawRecord]) -> Translation:
        by_stream: dict[str, list[tuple[RawRecord, dict[str, Any]]]] = defaultdict(list)
        for record in records:
            body = json.loads(record.body)
            if "gone" not in body:
                by_stream[record.stream].append((record, body))
        tokens = {record.native_id: token_of(body) for record, body in by_stream["tokens"]}
        entries: list[Entry] = []
        problems: list[Problem] = []
        seen: dict[tuple[int, str], _Seen] = defaultdict(_Seen)
        touched: Touched = defaultdict(dict)
        sight = Sight(self._own, self.chain, self.chain_id, tokens)
        for _, body in by_stream["txs"]:
            with suppress(DataError, KeyError, TypeError, ValueError):  # told below
                learn(body, sight)
        for record, body in by_stream["txs"]:
            number = native.number(body)
            try:
                moves = decode(list(plain(body, sight)), body, sight)
            except (DataError, KeyError, TypeError, ValueError) as error:
                problems.append(Problem(record.source, "txs", record.native_id, _sentence(error)))
                continue
            for move in moves:
                seen[number, move.own].moved += move.of_balance
                if move.place == "between":
                    continue
                try:
                    entry = self._entry(record, body, move, moves, sight)
                    entries.append(entry)
                    touched[number, move.own, move.contract or ""][record.native_id] = entry
                except DataError as error:
                    problems.append(Problem(record.source, "txs", record.native_id, str(error)))
            if self._parties(body):
                for own in self._own:
                    seen[number, own].callers.append(self._caller(record, body, moves, own, sight))
        for record, body in by_stream["holdings"]:
            if body["drift"] == "0":
                continue  # what was missing was read since
            try:
                entries.append(self._drift(record, body, touched, sight))
            except DataError as error:
                problems.append(Problem(record.source, "holdings", record.native_id, str(error)))
        asked_back = {gwei for _, body in by_stream["txs"] for gwei in self._asked_back(body)}
        for record, body in by_stream["blocks"]:
            entries += self._of_block(record, body, seen, asked_back)
        return Translation(tuple(entries), tuple(problems))

    def _entry(
        self,
        record: RawRecord,
        body: dict[str, Any],
        move: Move,
        moves: list[Move],
        sight: Sight,
    ) -> Entry:
        return Entry(
            source=record.source,
            group=_group(record, move, moves),
            account=self.account,
            asset=_asset(move, sight),
            quantity=_quantity(move, sight),
            at=_time(body),
            role=move.role,
            kind=self._kind(body, move, moves, sight),
            native_id=record.native_id,
            txid=record.native_id,
            address=move.other,
            network=self.chain,
            evidence=_evidence(record, body, move) + self._named(move, sight),
        )

    def _kind(self, body: dict[str, Any], move: Move, moves: list[Move], sight: Sight) -> str:
        """What the move is, or what the rest of its transaction is, if that is one thing."""
        notes = {m.note for m in ([move] if move.note else moves) if m.note and m.part == move.part}
        if len(notes) == 1:
            return notes.pop()
        transaction, receipt = body["transaction"], body["receipt"]
        if not native.worked(body) and all(m.role == "fee" for m in moves):
            return "failed"
        if transaction["from"].lower() not in self._own:
            leaves = any(m.raw < 0 and m.role == "principal" for m in moves)
            return "sent" if leaves else self._trick(move, sight) or "received"
        topics = {log["topics"][0] for log in receipt["logs"] if log["topics"]}
        if topics and topics <= {APPROVAL, APPROVAL_FOR_ALL}:
            return "approval"
        return "sent"

    def _trick(self, move: Move, sight: Sight) -> str | None:
        """What an unasked token tries, if no list knows it."""
        token = sight.tokens.get(move.contract or "")
        known = move.contract is None or names().listed(sight.asset(move.contract)) is not None
        if known or token is None or self._token_list.name(self.chain_id, move.contract or ""):
            return None
        return trick(token)

    def _named(self, move: Move, sight: Sight) -> str:
        """What a token that Syncer does not know is called, and by whom."""
        token = sight.tokens.get(move.contract or "")
        if token is None or names().listed(sight.asset(move.contract)) is not None:
            return ""
        if told := self._token_list.name(self.chain_id, move.contract or ""):
            return f"; {shown(told)} by the token list"
        word = shown(token.symbol or "")
        return f'; calls itself "{word}"' if word else ""

    def _parties(self, body: dict[str, Any]) -> set[str]:
        ends = {body["transaction"]["from"].lower(), (body["transaction"].get("to") or "").lower()}
        return ends & self._own

    def _caller(
        self,
        record: RawRecord,
        body: dict[str, Any],
        moves: list[Move],
        own: str,
        sight: Sight,
    ) -> _Caller:
        entry = self._entry(record, body, Move("", None, 0, None), moves, sight)
        pays = body["transaction"]["from"].lower() == own
        lacks = pays and native.lacks_l1_fee(body, self.chain_id)
        plain_send = as_int(body["receipt"]["gasUsed"]) == PLAIN_SEND
        return _Caller(entry, "frames" in body or plain_send, lacks)

    def _drift(
        self,
        record: RawRecord,
        body: dict[str, Any],
        touched: Touched,
        sight: Sight,
    ) -> Entry:
        """What a token's own balance shows beyond its events: a part of the one transaction that
        moved it in that block, else a coming or leaving of its own that a person must name."""
        move = Move(body["address"], body["contract"], int(body["drift"]), None)
        here = touched.get((body["number"], move.own, body["contract"]), {})
        if body["block"] and len(here) == 1:
            (entry,) = here.values()
            evidence = f"{entry.evidence}, from the token's own balance"
            quantity = _quantity(move, sight)
            return replace(entry, quantity=quantity, role="principal", evidence=evidence)
        when = "in" if body["block"] else "until"
        asset = _asset(move, sight)
        lent = sight.tokens[body["contract"]].is_share
        income = "income:interest" if lent else names().growth(asset)
        other = "share" if lent else "rebase"
        kind = income if income and _is_growth(body) else other
        return replace(
            self._block_entry(record, body, 0, kind, "", f"holding:{record.native_id}"),
            asset=asset,
            quantity=_quantity(move, sight),
            evidence=f"the token's own balance {when} block {body['number']}, beyond its events",
        )

    # ---- what only the balance shows

    def _of_block(
        self,
        record: RawRecord,
        body: dict[str, Any],
        seen: dict[tuple[int, str], _Seen],
        asked_back: set[int],
    ) -> list[Entry]:
        """What came from the beacon chain, and what the balance shows beyond all that is known."""
        here = seen[body["number"], body["address"]]
        told = body.get("withdrawals", ())
        paid = [self._withdrawn(record, body, w, w["gwei"] in asked_back) for w in told]
        wei = sum(w["gwei"] for w in body.get("withdrawals", ())) * native.GWEI
        rest = int(body["after"]) - int(body["before"]) - here.moved - wei
        return paid + ([self._remainder(record, body, here, rest)] if rest else [])

    def _asked_back(self, body: dict[str, Any]) -> Iterator[int]:
        """Gwei that a transaction of ours asked back from a validator (EIP-7002)."""
        transaction = body["transaction"]
        data = str(transaction.get("input", ""))[2:]
        to = (transaction.get("to") or "").lower()
        if to == ASK_BACK and len(data) == 2 * (PUBLIC_KEY + 8) and native.worked(body):
            yield int(data[2 * PUBLIC_KEY :], 16)

    def _withdrawn(
        self, record: RawRecord, body: dict[str, Any], paid: dict[str, int], asked_back: bool
    ) -> Entry:
        """A small withdrawal is the reward of a validator; a large one, or one that was asked for,
        brings principal back, and how much of it is reward a person must say."""
        small = paid["gwei"] < PRINCIPAL and not asked_back
        return self._block_entry(
            record,
            body,
            paid["gwei"] * native.GWEI,
            "income:staking" if small else "received",
            f"withdrawal {paid['index']} of validator {paid['validator']}",
            f"withdrawal:{paid['index']}",
        )

    def _remainder(self, record: RawRecord, body: dict[str, Any], here: _Seen, rest: int) -> Entry:
        """An internal transfer or a fee if the one transaction of ours in the block cannot tell it;
        else it is unexplained."""
        if len(here.callers) == 1:
            (one,) = here.callers
            missing = one.lacks_fee and rest < 0 and one.traced
            if missing or not (one.traced or one.lacks_fee):
                how = "the L1 fee is not in the receipt, so it is " if missing else ""
                return replace(
                    one.entry,
                    quantity=units(rest, NATIVE_PLACES),
                    role="fee" if missing else "principal",
                    evidence=f"{one.entry.evidence}, {how}from the balance change",
                )
        evidence = f"balance of block {body['number']} beyond all transactions found"
        return self._block_entry(
            record, body, rest, "unexplained", evidence, f"block:{record.native_id}"
        )

    def _block_entry(
        self,
        record: RawRecord,
        body: dict[str, Any],
        wei: int,
        kind: str,
        evidence: str,
        group: str,
    ) -> Entry:
        return Entry(
            source=record.source,
            group=group,
            account=self.account,
            asset=names().native(self.chain, self.chain_id),
            quantity=units(wei, NATIVE_PLACES),
            at=_time(body),
            role="principal",
            kind=kind,
            native_id=record.native_id,
            network=self.chain,
            evidence=evidence,
        )


def _asset(move: Move, sight: Sight) -> str:
    name = sight.asset(move.contract)
    return f"{name}/{move.token_id}" if move.token_id is not None else name


def _quantity(move: Move, sight: Sight) -> Decimal:
    if move.contract is None:
        return units(move.raw, NATIVE_PLACES)
    if move.token_id is not None:
        return Decimal(move.raw)
    token = sight.tokens.get(move.contract)
    if token is None or token.decimals is None:
        raise DataError(f"the decimals of token {move.contract} cannot be read")
    return units(move.raw, token.decimals)


def _group(record: RawRecord, move: Move, moves: Iterable[Move]) -> str:
    """The transaction is the event, but for a part of it that means something else."""
    parts = {m.part for m in moves if m.role == "principal" and m.place != "between"}
    apart = move.part and len(parts) > 1
    return f"{record.native_id}:{move.part}" if apart else record.native_id


def _evidence(record: RawRecord, body: native.Body, move: Move) -> str:
    found = f"transaction {record.native_id} in block {native.number(body)}"
    return f"{found}, {move.by}" if move.by else found


def _is_growth(body: Mapping[str, Any]) -> bool:
    """Whether it grew in a time that is known and short; more than a day can bring is told without
    a beginning, and a person must say what it is."""
    if body["block"] or int(body["drift"]) <= 0 or not body.get("since"):
        return False
    return _time(body) - datetime.fromisoformat(body["since"]) <= MONTH


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, DataError) else f"it lacks or garbles {error}"


def _time(body: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(as_int(body["timestamp"]), UTC)
