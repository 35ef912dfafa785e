"""What is so: the documents of `--json`, and the books by pages."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Literal

from fastapi import Request

from config.errors import UsageError
from config.exact import ZERO
from syncer import alert_views, harvest_views, views
from syncer.harvest.plan import Goal
from syncer.origins import all_set
from syncer.recording import recorded
from syncer.status import status as status_document
from syncer.web import figures
from syncer.web.api.asking import Json, NoWord, Reading, Word, Year, of_books, part
from syncer.web.pages.harvest import what_if
from syncer.web.pages.ledger import page_of
from syncer.web.pages.reconcile import expected_of, forms_of
from syncer.web.site import Site
from syncer.written import dollars

router = part()


@router.get("/status")
async def status(asked: Reading) -> Json:
    """Freshness, gaps, open problems."""
    database = asked[0].running().database
    return {"status": await of_books(asked[0], lambda b: status_document(database, b.settings, b))}


@router.get("/overview")
async def overview(asked: Reading) -> Json:
    """The year so far, the year before, and what is open."""
    site, database = asked[0], asked[0].running().database
    shown = await site.desk.figures(
        "overview", lambda books, now: figures.overview(database, books, now), with_pulls=True
    )
    told = shown.value
    days = [{"day": d.isoformat(), "usd": views.usd(v)} for d, v in told.realised]
    return {
        "overview": {
            "year": told.year,
            "this_year": told.this,
            "last_year": told.last,
            "open": told.open,
            "realised": days,
            "as_of": views.instant(shown.at),
            "is_old": shown.is_old,
        }
    }


@router.get("/balances")
async def balances(asked: Reading) -> Json:
    """What the ledger says against what was reported."""
    database = asked[0].running().database
    shown = await asked[0].desk.figures(
        "balances", lambda books, now: figures.balances(database, books, now), with_pulls=True
    )
    return {"balances": shown.value}


async def _page(site: Site, what: str, told: dict[str, str | None]) -> Json:
    given = {k: v for k, v in told.items() if v is not None}
    found, rows = await site.looked_up(partial(page_of, site.running(), what, given))
    return {
        what: rows,
        "next": None if found.after is None else {"at": found.after.at, "after": found.after.key},
        "looked_to": views.instant(found.looked_to),
    }


@router.get("/events")
async def events(
    asked: Reading, account: NoWord = None, asset: NoWord = None, year: Year | None = None,
    kind: NoWord = None, text: NoWord = None, at: NoWord = None, after: NoWord = None,
) -> Json:  # fmt: skip
    """Events, the newest first, by pages: `next` is what to ask with for the page after."""
    told = {"account": account, "asset": asset, "kind": kind, "text": text}
    more = {"year": str(year) if year else None, "at": at, "after": after}
    return await _page(asked[0], "events", told | more)


@router.get("/lots")
async def lots(
    asked: Reading, account: NoWord = None, asset: NoWord = None, year: Year | None = None,
    at: NoWord = None, after: NoWord = None,
) -> Json:  # fmt: skip
    """Open lots, the newest first, by pages."""
    told = {"account": account, "asset": asset, "year": str(year) if year else None}
    return await _page(asked[0], "lots", told | {"at": at, "after": after})


@router.get("/disposals")
async def disposals(
    asked: Reading, account: NoWord = None, asset: NoWord = None, year: Year | None = None,
    kind: NoWord = None, at: NoWord = None, after: NoWord = None,
) -> Json:  # fmt: skip
    """Slices of dispositions, the newest first, by pages."""
    told = {"account": account, "asset": asset, "year": str(year) if year else None}
    return await _page(asked[0], "disposals", told | {"kind": kind, "at": at, "after": after})


@router.get("/income")
async def income(asked: Reading, year: Year) -> Json:
    """Ordinary income of a year."""
    rows = await of_books(asked[0], lambda b: [views.income(i) for i in b.incomes_in(year)])
    return {"income": rows}


@router.get("/tax")
async def tax(asked: Reading, year: Year) -> Json:
    """A year netted, with what carries over and the tax."""
    return {"tax": await of_books(asked[0], lambda b: views.tax(b, year))}


@router.get("/review")
async def review(asked: Reading, likely: bool = False) -> Json:
    """What needs a decision; or what applies without a proof."""
    shown = await asked[0].desk.figures("queue", figures.queue, with_pulls=True)
    return {"review": shown.value.likely if likely else shown.value.items}


@router.get("/reconcile")
async def reconcile(asked: Reading, year: Year, expected: bool = False) -> Json:
    """Form 1099-DA against the ledger; or what the forms of the year will say."""
    make = expected_of if expected else forms_of
    return {"reconcile": await of_books(asked[0], lambda b: make(b, year))}


@router.get("/harvest")
async def harvest(request: Request, asked: Reading) -> Json:
    """Losses worth taking. What-ifs as on the page: `price:ASSET`, `more_short`, `more_long`,
    `filing`, `rates_of`, `wash_sales`."""
    site, if_ = asked[0], what_if(dict(request.query_params))
    shown, running = await site.desk.openings(), site.running()
    found = await running.pipeline.harvest(if_, known=shown.value.prices)
    return harvest_views.document(found, running.settings.zone)


@router.get("/harvest/plan")
async def plan(
    request: Request, asked: Reading,
    goal: Literal["offset-gains", "offset-gains-and-3000", "max-benefit", "amount", "gains"],
    amount: Word = "",
) -> Json:  # fmt: skip
    """The set of sales with the greatest net benefit for a goal."""
    site, if_, loss = asked[0], what_if(dict(request.query_params)), dollars(amount, "amount")
    if (goal == "amount") is not (loss > ZERO):
        raise UsageError("the goal amount needs an amount above zero, and no other goal has one")
    of_goal: Goal | None = None if goal == "gains" else goal
    shown, running = await site.desk.openings(), site.running()
    found = await running.pipeline.plan(of_goal, loss, if_, shown.value.prices)
    return {"plan": {"goal": goal, **harvest_views.plan(found, running.settings.zone)}}


@router.get("/identifications")
async def identified(asked: Reading) -> Json:
    """All that is recorded, and whether the chain of hashes is whole."""
    return await asyncio.to_thread(recorded, asked[0].running().database)


@router.get("/alerts")
async def alerts(asked: Reading) -> Json:
    """What is worth saying now, and the newest messages with how each was delivered."""
    running = asked[0].running()

    def told() -> Json:
        with running.database.read() as connection:
            messages = alert_views.messages(connection, running.settings)
            return {"alerts": alert_views.states(connection), "messages": messages}

    return await asyncio.to_thread(told)


@router.get("/settings")
async def settings(asked: Reading) -> Json:
    """What is set, from where, and what it means."""
    running = asked[0].running()
    rows = await asyncio.to_thread(all_set, running.settings, running.path, running.database)
    return {"settings": [asdict(one) for one in rows]}
