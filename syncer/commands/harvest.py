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
    print_json,
    print_table,
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
    what_if,
)
from syncer.harvest.plan import GOALS, Goal
from syncer.scenarios import Scenario, read, written
from syncer.store import scenarios
from syncer.written import dollars, parse_day

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
    save: Annotated[
        str | None, typer.Option("--save", help="Keep the scenario under this name.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """The set of sales with the greatest net benefit, and the year before and after."""
    if_ = what_if(price, more_short, more_long, sell, filing, rates_of, wash_sales)
    one = Scenario(*_goal(goal, amount, gains), if_)
    with session(config) as s:
        found = asyncio.run(s.pipeline.plan(one.goal, one.amount, one.if_))
        row = harvest_views.plan(found, s.settings.zone)
        if save:
            with s.database.write() as connection:
                scenarios.save(connection, save, written(one), s.clock())
    row = {"goal": one.goal or "gains", **row}
    if as_json:
        print_json({"plan": row})
    else:
        harvest_tables.show_plan(row)
    _end(found.sentences)


@harvest.command()
def compare(
    names: Annotated[list[str] | None, typer.Argument(help="Saved scenarios; all if none.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Saved scenarios side by side, each planned anew at the prices of now."""
    rows, sentences = [], list[str]()
    with session(config) as s:
        with s.database.read() as connection:
            saved = scenarios.scenarios(connection)
        if unknown := next((n for n in names or () if n not in saved), None):
            known = ", ".join(saved) or "none; save one: syncer harvest plan ... --save NAME"
            raise UsageError(f"there is no scenario {unknown}; saved: {known}")
        for name in names or saved:
            one = read(saved[name])
            try:
                found = asyncio.run(s.pipeline.plan(one.goal, one.amount, one.if_))
            except UsageError as error:  # the others are told all the same
                sentences.append(f"{name}: {error}")
                continue
            sentences += [x for x in found.sentences if x not in sentences]
            rows.append(harvest_views.scenario(name, one.goal or "gains", found))
    if as_json:
        print_json({"compare": rows})
    else:
        columns = ("name", "goal", "sales", "loss_usd", "tax_saved_usd", "cost_usd")
        more = ("net_benefit_usd", "later_tax_usd", "net_before_usd", "net_after_usd")
        print_table("Scenarios", rows, (*columns, *more))
    _end(sentences)


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
