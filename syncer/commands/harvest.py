"""harvest: losses worth taking, plans over all accounts, and what if things were otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import typer

from config.errors import UsageError
from config.exact import ZERO
from syncer import harvest_views
from syncer.commands import harvest_tables
from syncer.commands.session import (
    AsJson,
    Config,
    complain,
    parse_day,
    print_json,
    session,
)
from syncer.commands.what_if import (
    Filing,
    MoreLong,
    MoreShort,
    Price,
    RatesOf,
    Sell,
    WashSales,
    dollars,
    what_if,
)
from syncer.harvest.plan import GOALS, Goal

harvest = typer.Typer(
    help="Losses worth taking, under the lot rule that binds each account.",
    invoke_without_command=True,
)


@harvest.callback()
def show(
    context: typer.Context,
    price: Price = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="At the end of this day.")] = None,
    more_short: MoreShort = "",
    more_long: MoreLong = "",
    filing: Filing = None,
    rates_of: RatesOf = None,
    wash_sales: WashSales = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Losses worth taking, under the lot rule that binds each account."""
    if context.invoked_subcommand:
        return
    if_ = what_if(price, more_short, more_long, "1", filing, rates_of, wash_sales)
    with session(config) as s:
        end = s.end_of_day(parse_day(as_of).isoformat()) if as_of else None
        found = asyncio.run(s.pipeline.harvest(if_, end))
        document = harvest_views.document(found, s.settings.zone)
    if as_json:
        print_json(document)
    else:
        harvest_tables.show(document)
    _end(found.sentences)


@harvest.command()
def plan(
    goal: Annotated[str | None, typer.Option("--goal", help=", ".join(GOALS))] = None,
    amount: Annotated[str, typer.Option("--amount", help="With --goal amount: the loss.")] = "",
    gains: Annotated[
        bool, typer.Option("--gains", help="Gains to take that raise no tax instead.")
    ] = False,
    price: Price = None,
    more_short: MoreShort = "",
    more_long: MoreLong = "",
    sell: Sell = "1",
    filing: Filing = None,
    rates_of: RatesOf = None,
    wash_sales: WashSales = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """The set of sales with the greatest net benefit, and the year before and after."""
    if_ = what_if(price, more_short, more_long, sell, filing, rates_of, wash_sales)
    wanted, loss = _goal(goal, amount, gains)
    with session(config) as s:
        found = asyncio.run(s.pipeline.plan(wanted, loss, if_))
        row = harvest_views.plan(found, s.settings.zone)
    row = {"goal": wanted or "gains", **row}
    if as_json:
        print_json({"plan": row})
    else:
        harvest_tables.show_plan(row)
    _end(found.sentences)


def _goal(goal: str | None, amount: str, gains: bool) -> tuple[Goal | None, Decimal]:
    if gains:
        if goal or amount:
            raise UsageError("--gains has no --goal and no --amount")
        return None, ZERO
    found = next((g for g in GOALS if g == goal), None)
    if found is None:
        raise UsageError(f"give --goal: {', '.join(GOALS)}; or --gains")
    loss = dollars(amount, "--amount")
    if (found == "amount") is not (loss > 0):
        raise UsageError("--goal amount needs --amount above zero, and no other goal has it")
    return found, loss


def _end(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        complain(sentence)
    if sentences:
        raise typer.Exit(1)
