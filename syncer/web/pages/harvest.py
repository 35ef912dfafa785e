"""Harvest: losses worth taking, what if, plans side by side, identifications, past openings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from config.errors import UsageError
from config.sections import FilingStatus
from config.settings import Settings
from syncer import harvest_views
from syncer.alerts.openings import alert_key
from syncer.harvest.plan import GOALS
from syncer.harvesting import AS_IT_IS, Found, WhatIf
from syncer.recording import RULES, Made, record_order, record_sale, recorded
from syncer.store import alerts, openings
from syncer.store.database import Database
from syncer.views import instant
from syncer.web import charts, figures
from syncer.web.desk import SIDE_BY_SIDE
from syncer.web.forms import sent
from syncer.web.rows import LOTS_BY, lot_row, lots_for_sale
from syncer.web.site import Owner, Site
from syncer.written import dollars, parse_day, told_prices, told_share

router = APIRouter(include_in_schema=False)
MOST_RECORDS, MOST_LOTS = 200, 100
HISTORY = timedelta(days=400)
STATUSES = get_args(FilingStatus)
Text = Annotated[str, Form(max_length=2_000)]
Name = Annotated[str, Query(max_length=300, pattern=r"^[^\x00-\x1f]*$")]
Told = Mapping[str, str]


# ---- the table, as it is or what if


@router.get("/harvest")
async def harvest(request: Request, owner: Owner) -> Response:
    site, told = owner.site, dict(request.query_params)
    now_found = await site.desk.openings()
    trouble, wanted = None, told
    try:
        if_ = what_if(told)
        found = await _if(site, now_found.value, if_)
        _wanted([], told)
    except UsageError as error:
        trouble, if_, found, wanted = str(error), AS_IT_IS, now_found.value, {}
    settings = site.running().settings
    document = harvest_views.document(found, settings.zone, site.running().clock())
    rows = _wanted(document["harvest"], wanted)
    return site.page(
        owner,
        "harvest.html",
        shown=now_found,
        told=told,
        trouble=trouble,
        is_what_if=if_ != AS_IT_IS,
        found=found,
        doc={**document, "harvest": rows},
        hidden=len(document["harvest"]) - len(rows),
        accounts=sorted({r["account"] for r in document["harvest"]}),
        statuses=STATUSES,
    )


async def _if(site: Site, now_found: Found, if_: WhatIf) -> Found:
    """At the prices of the table, but for those that the person told."""
    if if_ == AS_IT_IS:
        return now_found
    return await site.running().pipeline.harvest(if_, known=now_found.prices)


def what_if(told: Told) -> WhatIf:
    """Of the fields of a form; prices are named `price:ASSET`. Raises UsageError."""
    given = [f"{k[6:]}={v}" for k, v in told.items() if k.startswith("price:") and v.strip()]
    filing, rates = told.get("filing") or None, told.get("rates_of") or None
    if filing is not None and filing not in STATUSES:
        raise UsageError(f"filing must be one of {', '.join(STATUSES)}")
    if rates is not None and not (rates.isdecimal() and len(rates) == 4):
        raise UsageError("rates of: a year, for example 2025")
    return WhatIf(
        told_prices(given, "price"),
        dollars(told.get("more_short", "").strip(), "more short-term gain"),
        dollars(told.get("more_long", "").strip(), "more long-term gain"),
        told_share(told.get("share", "").strip() or "1", "share"),
        filing,
        int(rates) if rates else None,
        parse_day(told["wash_sales"]) if told.get("wash_sales") else None,
    )


def _wanted(rows: list[dict[str, Any]], told: Told) -> list[dict[str, Any]]:
    """By the filters of the form."""
    least = dollars(told.get("least", "").strip(), "smallest loss")
    kept = []
    for row in rows:
        short, long = Decimal(row["loss_short_usd"]), Decimal(row["loss_long_usd"])
        by_term = {"short": short, "long": long}.get(told.get("term", ""), short + long)
        fits = told.get("account", "") in ("", row["account"])
        fresh = not told.get("fresh") or (row["price_age_minutes"] or 0) <= 15
        worth = not told.get("worth") or not any(r.startswith("below_") for r in row["reasons"])
        if fits and fresh and worth and by_term >= least and (by_term > 0 or not told.get("term")):
            kept.append(row)
    return kept


# ---- plans


@router.get("/harvest/plans")
async def plans(request: Request, owner: Owner) -> Response:
    """Every goal side by side; that of an amount where one is told."""
    site, told = owner.site, dict(request.query_params)
    shown, searched = await site.desk.openings(), None
    trouble, found = None, []
    try:
        if_ = what_if(told)
        amount = dollars(told.get("amount", "").strip(), "amount")
        goals = (*GOALS, None) if amount > 0 else SIDE_BY_SIDE
        if if_ == AS_IT_IS and goals == SIDE_BY_SIDE:
            searched = await site.desk.plans()
            planned = searched.value
        else:
            known = shown.value.prices
            planned = await site.running().pipeline.plans(goals, amount, if_, known)
        zone = site.running().settings.zone
        found = [
            {"goal": goal or "gains", **harvest_views.plan(one, zone)}
            for goal, one in zip(goals, planned, strict=True)
        ]
    except UsageError as error:
        trouble = str(error)
    return site.page(
        owner,
        "harvest_plans.html",
        shown=shown,
        searched=searched,
        told=told,
        plans=found,
        trouble=trouble,
        statuses=STATUSES,
    )


# ---- identifications


@router.get("/harvest/identify")
async def identify(
    owner: Owner, account: str = "", asset: str = "", by: str = "oldest"
) -> Response:
    """The first lots in an order: a form cannot hold thousands."""
    by = by if by in LOTS_BY else "oldest"
    site, running = owner.site, owner.site.running()
    places = await site.desk.figures("places", figures.places)
    lots = await site.looked_up(
        lambda: lots_for_sale(running.database, running.pipeline.terms(), account, asset, by)
    )
    made = await asyncio.to_thread(recorded, running.database)
    return site.page(
        owner,
        "harvest_identify.html",
        records=made["identify"][::-1][:MOST_RECORDS],
        rest=max(0, len(made["identify"]) - MOST_RECORDS),
        broken=made["broken_at"],
        account=account,
        asset=asset,
        places=places,
        by=by,
        orders=LOTS_BY,
        lots=[lot_row(one) for one in lots[:MOST_LOTS]],
        more_lots=max(0, len(lots) - MOST_LOTS),
        rules=RULES,
        instant=instant,
    )


@router.post("/harvest/identify/order")
async def record_an_order(
    owner: Owner,
    account: Text,
    rule: Text,
    asset: Text = "",
    effective: Text = "",
    attested: Text = "",
    given: Text = "",
) -> Response:
    pipeline = owner.site.running().pipeline
    if rule not in RULES:
        raise UsageError(f"a rule is one of {', '.join(RULES)}")
    made = _made(effective, attested, given)
    done = await asyncio.to_thread(
        record_order, pipeline, rule, account, asset.strip() or None, made
    )
    return await _recorded(owner, done.sentence, done.row.hash, done.for_broker)


@router.post("/harvest/identify/sale")
async def record_a_sale(request: Request, owner: Owner) -> Response:
    """Quantities by lot: fields named `lot:ACQUIRED_AT` or `lot:ACQUIRED_AT@DOLLARS`."""
    told = await sent(request)
    form = told.fields
    lots = [_named(k[4:], v) for k, v in told.pairs if k.startswith("lot:") and v]
    if not lots:
        raise UsageError("say of at least one lot how much of it is sold")
    made = _made(form.get("recorded", ""), form.get("attested", ""), form.get("given", ""))
    account, asset, before = (form.get(k, "") for k in ("account", "asset", "before"))
    if not before:
        raise UsageError("say until when the sale happens")
    pipeline = owner.site.running().pipeline
    done = await asyncio.to_thread(record_sale, pipeline, account, asset, lots, before, made)
    return await _recorded(owner, done.sentence, done.row.hash, done.for_broker)


def _named(lot: str, units: str) -> str:
    at, point, basis = lot.partition("@")
    return f"{at}:{units.strip()}{point}{basis}"


def _made(at: str, attested: str, given: str) -> Made:
    return Made(at.strip() or None, " ".join(attested.split()) or None, given.strip() or None)


async def _recorded(owner: Owner, sentence: str, hashed: str, for_broker: str | None) -> Response:
    await owner.site.follow(owner)
    owner.site.note(owner, f"Recorded: {sentence}. Hash {hashed}")
    if for_broker:
        owner.site.note(owner, f"Send this to the broker: {for_broker}", "wait")
    return owner.site.to("harvest", "identify")


# ---- one opening's past


@router.get("/harvest/opening")
async def opening(owner: Owner, account: Name, asset: Name) -> Response:
    site, running = owner.site, owner.site.running()
    rows, told = await asyncio.to_thread(
        _past, running.database, running.settings, running.clock(), account, asset
    )
    return site.page(
        owner, "harvest_opening.html", account=account, asset=asset, rows=rows, told=told
    )


@router.get("/charts/opening.svg")
async def opening_chart(owner: Owner, account: Name, asset: Name, dark: bool = False) -> Response:
    running = owner.site.running()
    rows, told = await asyncio.to_thread(
        _past, running.database, running.settings, running.clock(), account, asset
    )
    line = [(r.at, r.price) for r in rows]
    marks = [(at, _price_at(line, at)) for at, _ in told if line]
    lines = [(f"price of {asset[:40]}", line)]
    picture = await asyncio.to_thread(charts.chart, lines, ("messages", marks), dark)
    return Response(picture, media_type="image/svg+xml")


def _price_at(line: list[tuple[Any, Decimal]], at: Any) -> Decimal:
    """The last one seen until then."""
    return next((price for seen, price in reversed(line) if seen <= at), line[0][1])


def _past(
    database: Database, settings: Settings, now: Any, account: str, asset: str
) -> tuple[list[Any], list[Any]]:
    """What looks saw of it, and when messages were due."""
    years = (now.year - 1, now.year)
    keys = tuple(alert_key(account, asset, y) for y in years)
    with database.read() as connection:
        rows = openings.history(connection, account, asset, now - HISTORY)
        told = alerts.messages_of(connection, keys)
    return rows, told
