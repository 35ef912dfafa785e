"""Records which lots later sales take, by a standing order or for one sale.

The record must exist no later than the sale (Treas. Reg. 1.1012-1(j)); one made elsewhere before it
is entered with when it was made and where it lies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import DataError, UsageError
from config.exact import ZERO, text
from connectors.records import exact
from syncer import views
from syncer.lots.disposing import is_named
from syncer.lots.identification import text_for_broker
from syncer.lots.methods import METHODS
from syncer.lots.model import Lot
from syncer.lots.terms import TAX_MIN, NamedLot, Proof, SaleIdentification, StandingOrder
from syncer.pipeline import Pipeline
from syncer.store import identifications
from syncer.store.database import Database
from syncer.store.shelf import nodes
from syncer.store.tables import IdentificationRow
from syncer.written import parse_instant

RULES = (*METHODS, TAX_MIN)
_LOT = re.compile(r"(?P<at>.+):(?P<units>[0-9.]+)(@(?P<basis>[0-9.]+))?")


@dataclass(frozen=True, slots=True)
class Made:
    """When a record was made and where it lies, and when the broker was told, as a person writes
    it; nothing means now, by this record."""

    at: str | None = None
    attested: str | None = None
    given_to_broker: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded in words, its row, and what to send to a broker that was not told."""

    sentence: str
    row: IdentificationRow
    for_broker: str | None
    corrects: tuple[str, ...] = ()  # instants of older records of the same sale


def record_order(
    pipeline: Pipeline, rule: str, account: str, asset: str | None, made: Made
) -> Recorded:
    """A standing order, in force from now or from when it was made. Raises UsageError if the
    account or asset is not known, or the time cannot be."""
    asset = known_pair(pipeline, account, asset)
    now = pipeline.clock()
    start, proof = _when(now, made, "--effective")
    order = StandingOrder(account, asset, rule, start, proof, _told(now, made.given_to_broker))
    with pipeline.database.write() as connection:
        row = identifications.add_order(connection, order, now, made.attested)
    sentence = f"{rule} for {account}, {asset or 'all assets'}, sales after {views.instant(start)}"
    untold = needs_the_broker(pipeline, account) and order.given_to_broker_at is None
    return Recorded(sentence, row, text_for_broker(order) if untold else None)


def record_sale(
    pipeline: Pipeline, account: str, asset: str, lots: Sequence[str], before: str, made: Made
) -> Recorded:
    """The lots (`ACQUIRED_AT:QUANTITY`, or with `@DOLLARS` per unit) of the first sale until an
    instant. Raises UsageError if they do not lie there, or the sale was before the record."""
    asset = known_pair(pipeline, account, asset) or asset
    now = pipeline.clock()
    at, proof = _when(now, made, "--recorded")
    until = parse_instant(before)
    if until < at:
        raise UsageError(
            f"an identification of {views.instant(at)} cannot bind a sale before "
            f"{views.instant(until)}: it must exist no later than the sale (Reg. 1.1012-1(j)); "
            "FIFO applies to that sale, unless a record made before it is entered with "
            "--recorded TIME --attested WHERE"
        )
    named = tuple(_named(one) for one in lots)
    if proof == "proved":
        pool = pipeline.terms().pool(account)
        lots_there = [x for x in pipeline.books().lots if (x.pool, x.asset) == (pool, asset)]
        _check_held(named, lots_there)
    given = _told(now, made.given_to_broker)
    sale = SaleIdentification(account, asset, named, at, until, proof, given)
    with pipeline.database.write() as connection:
        older = _waiting(identifications.sales(connection), sale)
        row = identifications.add_sale(connection, sale, now, made.attested)
    what = ", ".join(lot_text(x) for x in named)
    untold = needs_the_broker(pipeline, account) and sale.given_to_broker_at is None
    return Recorded(
        f"{what} of {asset} for the first sale at {account} until {views.instant(until)}",
        row,
        f"For my next sale of {asset} please treat as sold: {what}." if untold else None,
        tuple(views.instant(one.recorded_at) or "" for one in older),
    )


def needs_the_broker(pipeline: Pipeline, account: str) -> bool:
    return any(a.name == account and a.broker for a in pipeline.settings.account)


def known_pair(pipeline: Pipeline, account: str, asset: str | None) -> str | None:
    """The asset as the books name it. Raises UsageError if the account, or such an asset, is not
    known: the record would never bind."""
    with pipeline.database.read() as connection:
        held = nodes(connection)
    known = {a.name for a in pipeline.settings.account} | {a for a, _ in held}
    if account not in known:
        raise UsageError(f"there is no account {account}; known: {_listed(known)}")
    if asset is None:
        return None
    named = names().in_file(account, asset)
    here = {coin for a, coin in held if a == account and not names().is_fiat(coin)}
    if named in here or (names().listed(named) and not names().is_fiat(named)):
        return named
    raise UsageError(f"there is no asset {asset} at {account}; there: {_listed(here)}")


def _listed(known: set[str]) -> str:
    return ", ".join(sorted(known)) or "none"


def lot_text(lot: NamedLot) -> str:
    basis = "" if lot.unit_basis is None else f" at ${text(lot.unit_basis)}"
    return f"{text(lot.quantity)} acquired {views.instant(lot.acquired_at)}{basis}"


def _waiting(known: list[SaleIdentification], new: SaleIdentification) -> list[SaleIdentification]:
    """Older records of the same sale."""
    place = (new.account, new.asset, new.before)
    return [one for one in known if (one.account, one.asset, one.before) == place]


def _when(now: datetime, made: Made, option: str) -> tuple[datetime, Proof]:
    if (made.at is None) != (made.attested is None):
        raise UsageError(f"{option} and --attested go together: when, and where the record lies")
    at = parse_instant(made.at) if made.at else now
    if at > now:
        raise UsageError(f"{option} lies in the future; without it the record is of now")
    return at, "attested" if made.attested else "proved"


def _told(now: datetime, given: str | None) -> datetime | None:
    at = parse_instant(given) if given else None
    if at and at > now:
        raise UsageError("--given-to-broker lies in the future")
    return at


def _named(one: str) -> NamedLot:
    found = _LOT.fullmatch(one)
    if not found:
        raise UsageError(
            f"--lot {one} must be ACQUIRED_AT:QUANTITY, for example 2025-01-31T12:00:00Z:0.5"
        )
    try:
        units = exact(found["units"], "--lot quantity")
        basis = exact(found["basis"], "--lot basis") if found["basis"] else None
    except DataError as error:
        raise UsageError(str(error)) from None
    if units <= ZERO:
        raise UsageError(f"--lot {one} has no quantity")
    return NamedLot(parse_instant(found["at"]), units, basis)


def _check_held(named: tuple[NamedLot, ...], held: list[Lot]) -> None:
    """What is identified now must lie there now, each unit once."""
    used: dict[int, Decimal] = {}
    lots = [x for x in held if x.state == "held" and not x.unallocated]
    for wanted in named:
        fitting = [x for x in lots if is_named(wanted, x.acquired_at, x.quantity, x.basis_usd)]
        free = [(x, x.quantity - used.get(id(x), ZERO)) for x in fitting]
        units = sum((left for _, left in free), ZERO)
        if units < wanted.quantity:
            raise UsageError(
                f"{lot_text(wanted)}: only {text(units)} units acquired then lie there; "
                "see: syncer lots"
            )
        bases = {x.basis_usd / x.quantity for x in fitting if x.basis_usd is not None}
        if wanted.quantity < units and len(bases) > 1:
            raise UsageError(
                f"{lot_text(wanted)}: {len(fitting)} lots of that time have different bases; "
                "name one by its basis per unit: ACQUIRED_AT:QUANTITY@DOLLARS"
            )
        rest = wanted.quantity
        for lot, left in free:
            part = min(left, rest)
            used[id(lot)] = used.get(id(lot), ZERO) + part
            rest -= part


def recorded(database: Database) -> dict[str, Any]:
    """All that is recorded, the oldest first, and the number of the record at which the chain of
    hashes is broken, if it is."""
    with database.read() as connection:
        rows = identifications.identifications(connection)
        broken = identifications.broken_link(connection)
    return {"identify": [document(r) for r in rows], "broken_at": broken}


def document(r: IdentificationRow) -> dict[str, Any]:
    """A record as `syncer identify --list --json` prints it."""
    lots = identifications.sale_of(r).lots
    return {
        "account": r.account,
        "asset": r.asset,
        "rule": r.rule,
        "lots": [
            {
                "acquired_at": views.instant(x.acquired_at),
                "quantity": text(x.quantity),
                "unit_basis_usd": None if x.unit_basis is None else text(x.unit_basis),
            }
            for x in lots
        ],
        "effective_at": views.instant(r.effective_at),
        "before": views.instant(r.before_at),
        "recorded_at": views.instant(r.recorded_at),
        "identification": "attested" if r.attested else "proved",
        "attested": r.attested,
        "given_to_broker_at": views.instant(r.given_to_broker_at),
        "hash": r.hash,
    }
