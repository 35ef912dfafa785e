"""What the books were derived from, so that it is known when they are old and when they go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from syncer.store.tables import (
    DecisionRow,
    DerivationRow,
    IdentificationRow,
    PriceRow,
    RawRow,
    table,
)
from syncer.store.web_tables import EditRow

_derivation = table(DerivationRow)


@dataclass(frozen=True, slots=True)
class Basis:
    """The newest row of each kind that the books follow from; how many prices there are."""

    raw_records: int
    decisions: int
    identifications: int
    prices: int


@dataclass(frozen=True, slots=True)
class Derivation:
    """A basis that books were derived from, under settings; `goes_on` says whether later events
    can be added to them as they are."""

    basis: Basis
    settings: str
    goes_on: bool


def basis(connection: Connection) -> Basis:
    """What is stored now."""

    def newest(model: type[RawRow | DecisionRow | IdentificationRow]) -> int:
        return connection.scalar(sa.select(sa.func.max(table(model).c.id))) or 0

    prices = connection.scalar(sa.select(sa.func.count()).select_from(table(PriceRow))) or 0
    return Basis(newest(RawRow), newest(DecisionRow), newest(IdentificationRow), prices)


def last_change(connection: Connection) -> datetime | None:
    """When something that books follow from was last stored: a record, a person's word, an
    identification, a setting of the page."""
    raw, word = table(RawRow).c, table(DecisionRow).c
    named, setting = table(IdentificationRow).c, table(EditRow).c
    newest = (
        connection.scalar(sa.select(at).order_by(key.desc()).limit(1))
        for at, key in (
            (raw.fetched_at, raw.id),
            (word.at, word.id),
            (named.recorded_at, named.id),
            (setting.at, setting.id),
        )
    )
    return max(filter(None, newest), default=None)


def saved(connection: Connection) -> Derivation | None:
    """What the stored books were derived from; None if none are."""
    row = connection.execute(sa.select(_derivation)).mappings().first()
    if row is None:
        return None
    found = Basis(row["raw_records"], row["decisions"], row["identifications"], row["prices"])
    return Derivation(found, row["settings"], row["goes_on"])


def save(connection: Connection, new: Derivation) -> None:
    connection.execute(sa.delete(_derivation))
    values = {
        "id": 1,
        "raw_records": new.basis.raw_records,
        "decisions": new.basis.decisions,
        "identifications": new.basis.identifications,
        "prices": new.basis.prices,
        "settings": new.settings,
        "goes_on": new.goes_on,
    }
    connection.execute(sa.insert(_derivation).values(values))
