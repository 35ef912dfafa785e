"""Plans over the books: what each goal would sell, and what a person must know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from config.errors import UsageError
from config.exact import ZERO, cents
from syncer.books import Books
from syncer.harvest.market import Market
from syncer.harvest.opportunities import How
from syncer.harvest.plan import Goal, Plan, plan, plan_of_gains
from syncer.harvesting import AS_IT_IS, WhatIf, how_of, notes

WASHED_ALONE = (
    "the plan was searched with what a law on wash sales would disallow of each sale alone: since "
    "a unit counts once, there may be a better one"
)
REBUY = (
    "buying the same coin back at once, at no risk of the market, may be said to lack economic "
    "substance (IRC 7701(o)); new units start a new holding period"
)
_A_CENT_A_SALE = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, when it was made, what to know of it, and which prices could not be asked."""

    plan: Plan
    now: datetime
    notes: Sequence[str]
    sentences: Sequence[str]


def plans_of(
    books: Books,
    market: Mapping[str, Market],
    now: datetime,
    goals: Sequence[Goal | None],
    amount: Decimal = ZERO,
    if_: WhatIf = AS_IT_IS,
    sentences: Sequence[str] = (),
) -> list[Planned]:
    """One for each goal; that of gains which raise no tax is None, `amount` is for the goal of
    that name. Raises UsageError if the tax of the year is not computable."""
    how = how_of(books, now, if_)
    if how.taxes.now.who.ordinary_income is None:
        why = next((n for n in notes(books, how, now, ()) if "no figures" in n), None)
        raise UsageError(why or "a plan weighs the tax: tell [taxpayer] ordinary_income")
    found = []
    for goal in goals:
        wanted = amount if goal == "amount" else ZERO
        if goal is None:
            one = plan_of_gains(books.lots, market, how, now, if_.share)
        else:
            one = plan(books.lots, market, how, now, goal, wanted, if_.share)
        told = [*notes(books, how, now, one.sales, if_), *_of_the_plan(one, how, now, wanted)]
        found.append(Planned(one, now, told, sentences))
    return found


def _of_the_plan(one: Plan, how: How, now: datetime, wanted: Decimal) -> Iterator[str]:
    yield REBUY
    if how.enforces(now) and any(s.wash_sale_buys for s in one.sales):
        yield WASHED_ALONE
    if wanted and wanted - one.loss > _A_CENT_A_SALE * (1 + len(one.sales)):
        yield f"only ${cents(one.loss):,f} of loss can be had from what is for sale"
