"""Takes a broker's form in: all of a file, or nothing of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.engine import Connection

from config.errors import DataError
from connectors.brokers import gain_loss, mapping
from connectors.brokers.form_1099da import STREAM, plain_broker, row_of
from connectors.brokers.mapping import Columns
from connectors.brokers.placing import placed
from connectors.brokers.readers import File
from connectors.brokers.reading import Reading, Told
from connectors.records import RawRecord
from syncer.store import records
from syncer.store.database import Database

MAPPED = "mapped"  # a form in columns of its own


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many lines a file has, which of them are new or changed, and what to know."""

    lines: int
    new: int
    changed: int
    notes: tuple[str, ...]


def take_in(database: Database, name: str, reading: Reading, told: Told, now: datetime) -> TakenIn:
    """Raises DataError that names the first line that is wrong."""
    if not reading.lines and not reading.faults:
        raise DataError(f"{name} has no line of Form 1099-DA")
    with database.write() as connection:

        def known(source: str) -> Sequence[RawRecord]:
            return records.revisions(connection, source)

        try:
            found = placed(reading, told, known, _Spelled(connection).as_kept)
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
        return _write(connection, found.records, tuple(found.notes), len(reading.lines), now)


class _Spelled:
    """Brokers and accounts as their forms are kept: each has one name, whoever spells it."""

    def __init__(self, connection: Connection) -> None:
        self._brokers: dict[str, str] = {}
        self._accounts: dict[tuple[str, str], str] = {}
        for one in records.latest(connection, stream=STREAM):
            row = row_of(one)
            self._brokers.setdefault(plain_broker(row["broker"]), row["broker"])
            self._accounts.setdefault(_account_key(row["broker"], row["account"]), row["account"])

    def as_kept(self, cells: dict[str, str]) -> dict[str, str]:
        """Raises DataError for an account number that is masked, where one that ends alike is
        kept."""
        broker, account = cells.get("broker", ""), cells.get("account", "")
        broker = self._brokers.get(plain_broker(broker), broker)
        kept = self._accounts.get(_account_key(broker, account), account)
        if masked := _MASKED.match(account):
            end = account[masked.end() :].casefold()
            of_broker = (a for (b, _), a in self._accounts.items() if b == plain_broker(broker))
            alike = [a for a in of_broker if end and a != kept and a.casefold().endswith(end)]
            if alike and kept not in self._accounts.values():
                raise DataError(f"account {account} may be {alike[0]}: give it with --account")
        told = {"broker": broker, "account": kept}
        return {**cells, **{k: v for k, v in told.items() if v}}


_MASKED = re.compile(r"[*xX•.]{2,}[-\s]?")


def _account_key(broker: str, account: str) -> tuple[str, str]:
    return plain_broker(broker), account.casefold()


def take_in_evidence(
    database: Database, name: str, text: str, told: Told, now: datetime
) -> TakenIn:
    """A gain and loss report."""
    try:
        found = gain_loss.read(text, told)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    if not found:
        raise DataError(f"{name} has a header and no rows")
    with database.write() as connection:
        return _write(connection, found, (), len(found), now)


@dataclass(frozen=True, slots=True)
class Mapped:
    """Columns that a person agreed to, what the statement says that it adds up to, and whether the
    mapping is new and to be kept for the broker's next form."""

    columns: Columns
    rows: int | None = None
    total: Decimal | None = None
    keep: bool = False


def kept_mapping(
    database: Database, file: File, broker: str | None, rows: int | None, total: Decimal | None
) -> Mapped | None:
    """The mapping that was kept for a file of this header: of the broker, or the only one."""
    with database.read() as connection:
        stored = list(records.latest(connection, stream=mapping.STREAM))
    if not stored:
        return None
    try:
        found = mapping.known(mapping.table(file.text or "", file.name), stored)
    except DataError:
        return None
    mine = [r for r in found if broker in (None, mapping.broker_of(r))]
    return Mapped(mapping.columns_of(mine[0]), rows, total) if len(mine) == 1 else None


def take_in_mapped(
    database: Database, file: File, told: Told, mapped: Mapped, now: datetime
) -> TakenIn:
    """A form by a mapping. Raises DataError if the lines are not as many, or do not add up to what
    the statement states."""
    table = mapping.table(file.text or "", file.name)
    reading = replace(mapping.read(table, mapped.columns), format=MAPPED)
    if not reading.faults:
        mapping.check(reading, file.name, mapped.rows, mapped.total)
    done = take_in(database, file.name, reading, told, now)
    if mapped.keep and told.broker:
        with database.write() as connection:
            kept = mapping.record(told.broker, mapped.columns)
            records.write_records(connection, [kept], now)
    return done


def _write(
    connection: Connection,
    found: Sequence[RawRecord],
    notes: tuple[str, ...],
    lines: int,
    now: datetime,
) -> TakenIn:
    before = records.bodies(connection, found)
    after = {(r.source, r.stream, r.native_id): r.body for r in found}
    records.write_records(connection, found, now)
    new = len(after.keys() - before.keys())
    changed = sum(1 for key, body in before.items() if after[key] != body)
    return TakenIn(lines, new, changed, notes)
