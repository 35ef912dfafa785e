"""identify: which lots sales take, recorded before them and provable."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from config.errors import UsageError
from syncer.commands.session import (
    AsJson,
    Config,
    Session,
    print_json,
    print_table,
    say,
    session,
)
from syncer.lots.identification import RELIEF_ENDS
from syncer.recording import (
    RULES,
    Made,
    document,
    needs_the_broker,
    record_order,
    record_sale,
)
from syncer.store import identifications
from syncer.store.tables import IdentificationRow


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
            made = Made(recorded, attested, given_to_broker)
            _record_sale(s, account, asset, lot, before, made)
        else:
            if before or recorded:
                raise UsageError("--before and --recorded go with --lot; an order has --effective")
            _record_order(s, rule, account, asset, Made(effective, attested, given_to_broker))


# ---- recording


def _record_order(
    s: Session, rule: str | None, account: str | None, asset: str | None, made: Made
) -> None:
    if rule not in RULES or not account:
        raise UsageError(f"give --rule ({', '.join(RULES)}) and --account")
    done = record_order(s.pipeline, rule, account, asset, made)
    asyncio.run(s.pipeline.derive())
    say(done.sentence)
    _say_proof(s, done.row)
    if done.for_broker:
        say("Text to send to the broker:")
        say(f"  {done.for_broker}")


def _record_sale(
    s: Session,
    account: str | None,
    asset: str | None,
    lots: list[str],
    before: str | None,
    made: Made,
) -> None:
    if not (account and asset and before):
        raise UsageError("the lots of one sale need --account, --asset and --before")
    done = record_sale(s.pipeline, account, asset, lots, before, made)
    asyncio.run(s.pipeline.derive())
    say(done.sentence)
    for older in done.corrects:
        say(f"It corrects the record of {older} for the same --before.")
    _say_proof(s, done.row)
    if done.for_broker:
        say("Text to send to the broker, no later than the sale:")
        say(f"  {done.for_broker}")


def _say_proof(s: Session, row: IdentificationRow) -> None:
    say(f"It is {'attested' if row.attested else 'proved'}. Hash {row.hash}")
    if not needs_the_broker(s.pipeline, row.account):
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
        rows = [document(r) for r in identifications.identifications(connection)]
    if as_json:
        print_json({"identify": rows})
        return
    for row in rows:
        row["lots"] = [f"{x['quantity']} of {x['acquired_at']}" for x in row["lots"]]
    columns = ("account", "asset", "rule", "lots", "effective_at", "before", "identification")
    print_table("Identifications", rows, (*columns, "given_to_broker_at", "hash"))
