"""The journal: our universal CSV, in and out, and the form of the golden tests.

Columns are found by name; trailing ones may be left out. A row is stored as it was read and
translated later, so a better translation needs no second import.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import DataError
from config.exact import ZERO
from connectors.files.formulas import guarded, plain
from connectors.records import Claim, Entry, Problem, RawRecord, Role, Translation, exact, instant

SOURCE = "journal"
COLUMNS = (
    "id",
    "time",
    "kind",
    "account",
    "to_account",
    "out_asset",
    "out_quantity",
    "in_asset",
    "in_quantity",
    "fee_asset",
    "fee_quantity",
    "out_usd",
    "in_usd",
    "fee_usd",
    "lot_acquired_at",
    "lot_basis_usd",
    "txid",
    "note",
    "fee_on_fee_quantity",
    "address",
    "network",
)
BATCH = 1_000  # rows written at once
REQUIRED = ("time", "kind", "account")

BROUGHT_IN = frozenset({"opening", "gift_in", "inheritance"})  # with a lot of before
# what a kind needs: o(ut) and i(n)
KINDS = {
    "buy": "oi",
    "sell": "oi",
    "trade": "oi",
    "deposit": "i",
    "withdrawal": "o",
    "transfer": "o",
    "income:staking": "i",
    "income:airdrop": "i",
    "income:mining": "i",
    "income:interest": "i",
    "income:fork": "i",
    "income:other": "i",
    "spend": "o",
    "gift_out": "o",
    "gift_in": "i",
    "donation": "o",
    "inheritance": "i",
    "lost": "o",
    "opening": "i",
    "fee": "",
}


def recognises(header: Iterable[str]) -> bool:
    names_ = {h.strip() for h in header}
    return set(REQUIRED) <= names_ <= set(COLUMNS)


def read(text: str) -> tuple[list[RawRecord], list[str]]:
    """The rows as records, and one sentence for each row that cannot be read at all.

    A row without `id` is keyed by its content and its ordinal among equal rows of the file.
    """
    reader = csv.DictReader(io.StringIO(text))
    records, sentences, seen = [], [], Counter[str]()
    for number, row in enumerate(reader, start=2):
        told = {k: v.strip() for k, v in row.items() if k and isinstance(v, str)}
        given = {k: plain(v) for k, v in told.items() if v}
        if not given:
            continue
        try:
            when = instant(given.get("time", ""), "time")
            entries_of_row(given, "check")
        except DataError as error:
            sentences.append(f"line {number}: {error}")
            continue
        body = json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        key = given.get("id") or hashlib.sha256(body.encode()).hexdigest()[:16]
        seen[key] += 1
        native_id = key if seen[key] == 1 else f"{key}#{seen[key]}"
        records.append(RawRecord(SOURCE, "rows", native_id, when, body))
    return records, sentences


def translate(records: Iterable[RawRecord]) -> Translation:
    """Stored journal rows to entries."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for record in records:
        try:
            entries += entries_of_row(json.loads(record.body), record.native_id)
        except DataError as error:
            problems.append(Problem(record.source, record.stream, record.native_id, str(error)))
    return Translation(tuple(entries), tuple(problems))


def entries_of_row(row: Mapping[str, str], native_id: str) -> list[Entry]:
    """The entries of one row; raises DataError that names the column."""
    kind, account = row.get("kind", ""), row.get("account", "")
    _check(row, kind, account)
    at, claim = instant(row["time"], "time"), _claim(row, kind)
    found: list[Entry] = []

    def add(place: str, side: str, sign: int, role: Role) -> None:
        asset, quantity = row.get(f"{side}_asset"), _number(row, f"{side}_quantity")
        if asset is None or quantity is None:
            return
        found.append(
            Entry(
                source=SOURCE,
                group=native_id,
                account=place,
                asset=names().in_file(account, asset),
                quantity=sign * quantity,
                at=at,
                role=role,
                kind=kind,
                native_id=native_id,
                txid=row.get("txid"),
                address=row.get("address"),
                network=row.get("network"),
                usd=_number(row, f"{side}_usd"),
                claim=claim,
                evidence=row.get("note") or f"journal row {native_id}",
            )
        )

    add(account, "out", -1, "principal")
    if kind == "transfer":
        _add_arrival(row, found)
    else:
        add(account, "in", 1, "principal")
    add(account, "fee", -1, "fee")
    return found


def _add_arrival(row: Mapping[str, str], found: list[Entry]) -> None:
    """A transfer's other half: empty in_* equals out_*; a difference is a fee in that asset."""
    sent = found[0]
    arrived = -sent.quantity
    if row.get("in_quantity"):
        arrived = _number(row, "in_quantity") or ZERO
    lost = -sent.quantity - arrived
    if lost < 0 or not arrived:
        raise DataError("in_quantity must be above zero and at most out_quantity")
    if (row.get("in_asset") or row["out_asset"]) != row["out_asset"]:
        raise DataError("a transfer moves one asset: in_asset must equal out_asset")

    def usd(part: Decimal) -> Decimal | None:
        return None if sent.usd is None else sent.usd * part / -sent.quantity

    found[0] = replace(sent, quantity=-arrived, usd=usd(arrived))
    if lost:
        found.append(replace(sent, quantity=-lost, role="fee", usd=usd(lost)))
    found.append(replace(sent, account=row["to_account"], quantity=arrived, usd=None))


def _check(row: Mapping[str, str], kind: str, account: str) -> None:
    if kind not in KINDS:
        raise DataError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    if not account:
        raise DataError("account is empty")
    for letter, side in (("o", "out"), ("i", "in")):
        given = [c for c in (f"{side}_asset", f"{side}_quantity") if row.get(c)]
        if letter in KINDS[kind]:
            for column in (f"{side}_asset", f"{side}_quantity"):
                if column not in given:
                    raise DataError(f"a {kind} needs {column}")
            if not _number(row, f"{side}_quantity"):
                raise DataError(f"{side}_quantity must be above zero")
        elif given and not (kind == "transfer" and side == "in"):
            raise DataError(f"a {kind} has no {given[0]}")
    for side in ("out", "in", "fee"):
        usd, units = _number(row, f"{side}_usd"), _number(row, f"{side}_quantity")
        if row.get(f"{side}_asset") == "USD" and usd not in (None, units):
            raise DataError(f"{side}_usd contradicts {side}_quantity: both are dollars")
    if bool(row.get("fee_asset")) != bool(row.get("fee_quantity")):
        raise DataError("fee_asset and fee_quantity go together")
    if kind == "transfer" and row.get("to_account", account) == account:
        raise DataError("a transfer needs to_account, another than account")
    if kind == "buy" and not names().is_fiat(row["out_asset"]):
        raise DataError("a buy pays with money; write a trade for coin against coin")
    if kind == "sell" and not names().is_fiat(row["in_asset"]):
        raise DataError("a sell receives money; write a trade for coin against coin")
    if kind == "fee" and not row.get("fee_quantity"):
        raise DataError("a fee needs fee_asset and fee_quantity")
    if kind.startswith("income:") and row.get("fee_asset") == row["in_asset"]:
        received, cut = (_number(row, f"{side}_quantity") or ZERO for side in ("in", "fee"))
        if cut > received:
            raise DataError("fee_quantity is more than what was received")
    if kind == "opening" and not (row.get("lot_acquired_at") and row.get("lot_basis_usd")):
        raise DataError("an opening needs lot_acquired_at and lot_basis_usd")
    _check_lot(row, kind)


def _check_lot(row: Mapping[str, str], kind: str) -> None:
    given = [c for c in ("lot_acquired_at", "lot_basis_usd") if row.get(c)]
    if given and kind not in BROUGHT_IN:
        raise DataError(f"a {kind} has no {given[0]}: its own time and cost are those of its lot")
    if row.get("lot_acquired_at"):
        told, at = row["lot_acquired_at"], instant(row["time"], "time")
        acquired = instant(told, "lot_acquired_at")
        # a bare date may be the row's own, as that is written or in UTC
        days = (at.date(), datetime.fromisoformat(row["time"]).date())
        if acquired > at and not (len(told) == 10 and acquired.date() <= max(days)):
            raise DataError(f"lot_acquired_at {told} is later than the row's time")


def _claim(row: Mapping[str, str], kind: str) -> Claim:
    acquired = row.get("lot_acquired_at")
    return Claim(
        kind=kind,
        lot_acquired_at=instant(acquired, "lot_acquired_at") if acquired else None,
        lot_basis_usd=_number(row, "lot_basis_usd"),
        fee_on_fee_quantity=_number(row, "fee_on_fee_quantity"),
        to_account=row.get("to_account"),
    )


def _number(row: Mapping[str, str], column: str) -> Decimal | None:
    if not row.get(column):
        return None
    value = exact(row[column], column)
    if value < 0:
        raise DataError(f"{column} must be positive: {row[column]}")
    return value


def write(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The text of journal rows, header first, a batch at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, 1):
        get = row.get
        cells = (get(column, "") for column in COLUMNS)
        writer.writerow([guarded(c) if isinstance(c, str) else c for c in cells])
        if not number % BATCH:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
