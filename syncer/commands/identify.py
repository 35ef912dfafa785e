"""identify: which lots sales take, recorded before them and provable."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from config.assets import names
from config.errors import DataError, UsageError
from config.exact import ZERO, text
from connectors.records import exact
from syncer import views
from syncer.commands.session import (
    AsJson,
    Config,
    Session,
    parse_instant,
    print_json,
    print_table,
    say,
    session,
)
from syncer.lots.disposing import is_named
from syncer.lots.identification import RELIEF_ENDS, text_for_broker
from syncer.lots.methods import METHODS
from syncer.lots.model import Lot
from syncer.lots.terms import TAX_MIN, NamedLot, Proof, SaleIdentification, StandingOrder
from syncer.store import identifications
from syncer.store.shelf import nodes
from syncer.store.tables import IdentificationRow

RULES = (*METHODS, TAX_MIN)
_LOT = re.compile(r"(?P<at>.+):(?P<units>[0-9.]+)(@(?P<basis>[0-9.]+))?")


def identify(
    rule: Annotated[str | None, typer.Option(help="fifo, lifo, hifo, lofo or tax_min.")] = None,
    account: Annotated[str | None, typer.Option(help="The account whose sales it covers.")] = None,
    asset: Annotated[str | None, typer.Option(help="Only this asset.")] = None,
    effective: Annotated[
        str | None, typer.Option(help="An order in force from then; needs --attested.")
    ] = None,
    lot: Annotated[
        list[str] | None,
        typer.Option(help="A lot of one sale: ACQUIRED_AT:QUANTITY, or with @DOLLARS per unit."),
    ] = None,
    before: Annotated[
        str | None, typer.Option(help="The sale happens until then: the first from the record on.")
    ] = None,
    recorded: Annotated[
        str | None, typer.Option(help="The lots were noted then; needs --attested.")
    ] = None,
    attested: Annotated[
        str | None, typer.Option(help="Where the record made before then lies.")
    ] = None,
    given_to_broker: Annotated[
        str | None, typer.Option("--given-to-broker", help="When the broker was told.")
    ] = None,
    list_orders: Annotated[bool, typer.Option("--list", help="All that is recorded.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of hashes.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Record which lots later sales take, by a standing order or for one sale; list, verify."""
    if attested is not None:
        attested = attested.strip()
        if not attested:
            raise UsageError("--attested needs words that say where the record lies")
        if len(attested.splitlines()) > 1:
            raise UsageError("--attested must be one line")
    with session(config) as s:
        if verify:
            _verify(s)
        elif list_orders:
            _list(s, as_json)
        elif lot:
            if rule or effective:
                raise UsageError("--lot names the lots of one sale: no --rule, no --effective")
            _record_sale(s, account, asset, lot, before, recorded, attested, given_to_broker)
        else:
            if before or recorded:
                raise UsageError("--before and --recorded go with --lot; an order has --effective")
            _record_order(s, rule, account, asset, effective, attested, given_to_broker)


# ---- recording


def _record_order(
    s: Session,
    rule: str | None,
    account: str | None,
    asset: str | None,
    effective: str | None,
    attested: str | None,
    given: str | None,
) -> None:
    if rule not in RULES or not account:
        raise UsageError(f"give --rule ({', '.join(RULES)}) and --account")
    asset = _known_pair(s, account, asset)
    now = s.clock()
    start, proof = _when(now, effective, attested, "--effective")
    order = StandingOrder(account, asset, rule, start, proof, _told(now, given))
    with s.database.write() as connection:
        row = identifications.add_order(connection, order, now, attested)
    asyncio.run(s.pipeline.derive())
    say(f"{rule} for {account}, {asset or 'all assets'}, sales after {views.instant(start)}")
    _say_proof(s, row)
    if _needs_the_broker(s, account) and order.given_to_broker_at is None:
        say("Text to send to the broker:")
        say(f"  {text_for_broker(order)}")


def _record_sale(
    s: Session,
    account: str | None,
    asset: str | None,
    lots: list[str],
    before: str | None,
    recorded: str | None,
    attested: str | None,
    given: str | None,
) -> None:
    if not (account and asset and before):
        raise UsageError("the lots of one sale need --account, --asset and --before")
    asset = _known_pair(s, account, asset) or asset
    now = s.clock()
    at, proof = _when(now, recorded, attested, "--recorded")
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
        pool = s.pipeline.terms().pool(account)
        lots_there = [x for x in s.pipeline.books().lots if (x.pool, x.asset) == (pool, asset)]
        _check_held(named, lots_there)
    sale = SaleIdentification(account, asset, named, at, until, proof, _told(now, given))
    with s.database.write() as connection:
        older = _waiting(identifications.sales(connection), sale)
        row = identifications.add_sale(connection, sale, now, attested)
    asyncio.run(s.pipeline.derive())
    what = ", ".join(_lot_text(x) for x in named)
    say(f"{what} of {asset} for the first sale at {account} until {views.instant(until)}")
    for one in older:
        say(f"It corrects the record of {views.instant(one.recorded_at)} for the same --before.")
    _say_proof(s, row)
    if _needs_the_broker(s, account) and sale.given_to_broker_at is None:
        say("Text to send to the broker, no later than the sale:")
        say(f"  For my next sale of {asset} please treat as sold: {what}.")


def _waiting(known: list[SaleIdentification], new: SaleIdentification) -> list[SaleIdentification]:
    """Older records of the same sale."""
    place = (new.account, new.asset, new.before)
    return [one for one in known if (one.account, one.asset, one.before) == place]


def _known_pair(s: Session, account: str, asset: str | None) -> str | None:
    """The asset as the books name it. Raises UsageError if the account, or such an asset, is not
    known: the record would never bind."""
    with s.database.read() as connection:
        held = nodes(connection)
    s.known_account(account, sorted({a for a, _ in held}))
    if asset is None:
        return None
    named = names().in_file(account, asset)
    here = {coin for a, coin in held if a == account and not names().is_fiat(coin)}
    if named in here or (names().listed(named) and not names().is_fiat(named)):
        return named
    raise UsageError(
        f"there is no asset {asset} at {account}; there: {', '.join(sorted(here)) or 'none'}"
    )


def _when(
    now: datetime, told: str | None, attested: str | None, option: str
) -> tuple[datetime, Proof]:
    if (told is None) != (attested is None):
        raise UsageError(f"{option} and --attested go together: when, and where the record lies")
    at = parse_instant(told) if told else now
    if at > now:
        raise UsageError(f"{option} lies in the future; without it the record is of now")
    return at, "attested" if attested else "proved"


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
                f"{_lot_text(wanted)}: only {text(units)} units acquired then lie there; "
                "see: syncer lots"
            )
        bases = {x.basis_usd / x.quantity for x in fitting if x.basis_usd is not None}
        if wanted.quantity < units and len(bases) > 1:
            raise UsageError(
                f"{_lot_text(wanted)}: {len(fitting)} lots of that time have different bases; "
                "name one by its basis per unit: ACQUIRED_AT:QUANTITY@DOLLARS"
            )
        rest = wanted.quantity
        for lot, left in free:
            part = min(left, rest)
            used[id(lot)] = used.get(id(lot), ZERO) + part
            rest -= part


def _lot_text(lot: NamedLot) -> str:
    basis = "" if lot.unit_basis is None else f" at ${text(lot.unit_basis)}"
    return f"{text(lot.quantity)} acquired {views.instant(lot.acquired_at)}{basis}"


def _needs_the_broker(s: Session, account: str) -> bool:
    return any(a.name == account and a.broker for a in s.settings.account)


def _say_proof(s: Session, row: IdentificationRow) -> None:
    say(f"It is {'attested' if row.attested else 'proved'}. Hash {row.hash}")
    if not _needs_the_broker(s, row.account):
        return
    if row.given_to_broker_at is None:
        say(
            f"For units at a broker your own record suffices for sales until {RELIEF_ENDS} "
            "(Notices 2025-7, 2026-20); later ones need it given to the broker: once you have "
            "sent it, record it again with --given-to-broker TIME. A record of now binds later "
            "sales only; for those since you sent it add --effective TIME --attested WHERE."
        )


# ---- looking


def _verify(s: Session) -> None:
    with s.database.read() as connection:
        broken = identifications.broken_link(connection)
        rows = identifications.identifications(connection)
    if broken is not None:
        say(f"The record is broken at row {broken}: it was changed after it was written")
        raise typer.Exit(1)
    say(f"The record is whole: {len(rows)} rows, each follows from the one before")
    if rows:
        say(f"The newest has the hash {rows[-1].hash}: is it the last that you noted?")


def _list(s: Session, as_json: bool) -> None:
    with s.database.read() as connection:
        rows = [_row(r) for r in identifications.identifications(connection)]
    if as_json:
        print_json({"identify": rows})
        return
    for row in rows:
        row["lots"] = [f"{x['quantity']} of {x['acquired_at']}" for x in row["lots"]]
    columns = ("account", "asset", "rule", "lots", "effective_at", "before", "identification")
    print_table("Identifications", rows, (*columns, "given_to_broker_at", "hash"))


def _row(r: IdentificationRow) -> dict[str, Any]:
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
