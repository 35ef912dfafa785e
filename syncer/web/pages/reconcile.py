"""Reconcile: brokers' forms against the ledger, line by line, and the person's word on a line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from config.errors import UsageError
from connectors.brokers.form_1099da import FormLine
from syncer import form_views, views
from syncer.books import Books
from syncer.pairing import Pairing
from syncer.reconcile.model import ANY, LineResult
from syncer.web import figures
from syncer.web.forms import sent
from syncer.web.running import Running
from syncer.web.site import OWNER, Owner

router = APIRouter(include_in_schema=False)
MOST = 200  # lines on a page
GRAVITY = {"wrong": 0, "check": 1, "info": 2}
Text = Annotated[str, Form(max_length=2_000)]
Start = Annotated[int, Query(ge=0, le=10_000_000)]


def year_of(told: str, now: int) -> int:
    """Raises UsageError."""
    if not told:
        return now
    if not (told.isdecimal() and len(told) == 4 and 2009 <= int(told) <= 2200):
        raise UsageError("a year, for example 2025")
    return int(told)


@router.get("/reconcile")
async def reconcile(
    owner: Owner, year: str = "", show: str = "", status: str = "", start: Start = 0
) -> Response:
    site = owner.site
    places = await site.desk.figures("places", figures.places)
    now = places.value["years"][0]
    of_year = year_of(year, await _newest(owner) if not year else now)
    expected = show == "expected"
    name = f"reconcile:{of_year}:{'expected' if expected else 'forms'}"
    make = expected_of if expected else forms_of
    shown = await site.desk.figures(name, lambda books, _: make(books, of_year))
    lines = [x for x in shown.value["lines"] if status in ("", x["status"])]
    return site.page(
        owner,
        "reconcile.html",
        shown=shown,
        doc=shown.value,
        year=of_year,
        years=places.value["years"],
        show=show,
        status=status,
        lines=lines[start : start + MOST],
        start=start,
        rest=len(lines) - start - MOST,
        most=MOST,
        places=places,
    )


async def _newest(owner: Owner) -> int:
    """The year of the newest form, else the year before this one, whose forms are to come."""
    shown = await owner.site.desk.figures("newest form", _newest_of)
    return shown.value


def _newest_of(books: Books, now: Any) -> int:
    here = int(now.astimezone(books.settings.zone).year)
    return max((f.year for f in books.forms), default=here - 1)


def forms_of(books: Books, year: int) -> dict[str, Any]:
    found = books.reconciliation(year)
    evidence = books.compared_with_evidence(year) if books.evidence else None
    document = form_views.reconciliation(found, evidence)
    told = {x.line.key: x for x in found.lines}
    for line in document["lines"]:
        line |= _theirs(told[line["form_line"]])
    document["gaps"].sort(key=lambda g: (GRAVITY[g["severity"]], _size(g)))
    return document


def _size(gap: dict[str, Any]) -> Decimal:
    """The largest first."""
    return -abs(Decimal(gap["usd"] or 0))


def _theirs(one: LineResult) -> dict[str, Any]:
    """What the form says in a line."""
    line: FormLine = one.line
    return {
        "asset": line.name,
        "units": views.quantity(line.units),
        "proceeds_usd": views.usd(line.proceeds),
        "basis_usd": views.usd(line.basis),
        "sold": line.sold.isoformat() if line.sold else None,
        "acquired": line.acquired.isoformat() if line.acquired else None,
        "broker": line.broker,
        "account": "" if line.account == ANY else line.account,
    }


def expected_of(books: Books, year: int) -> dict[str, Any]:
    document = form_views.reconciliation(books.expected_reconciliation(year))
    document["expected"] = [form_views.expected_line(x) for x in books.expected_forms(year)]
    document["gaps"].sort(key=lambda g: (GRAVITY[g["severity"]], _size(g)))
    return {**document, "lines": [], "forms": []}


@router.get("/reconcile/line/{key:path}")
async def line(owner: Owner, key: str) -> Response:
    told = await asyncio.to_thread(_line, owner.site.running(), key)
    return owner.site.page(owner, "reconcile_line.html", **told)


def _line(running: Running, key: str) -> dict[str, Any]:
    """A line beside what it is paired with, and what else of the coin was sold around then."""
    with closing(running.pipeline.books()) as books:
        found = next((f for f in books.forms if f.key == key), None)
        if found is None:
            raise UsageError(f"there is no form line {key}")
        document = forms_of(books, found.year)
        row = next(x for x in document["lines"] if x["form_line"] == key)
        result = books.reconciliation(found.year)
        zone, rests = running.settings.zone, books.shelf.rests_on
        # a sale at New Year may be of another year by their clock
        near_year = (*books.disposals_in(found.year), *books.at_new_year(found.year))
        slices = [views.disposal(d, result, zone, rests) for d in near_year]
        mine = [d for d in slices if d["disposal_id"] in row["disposal_ids"]]
        near = [d for d in slices if d["asset"] in {m["asset"] for m in mine} | {found.name}]
        near = near or [d for d in slices if d["disposed_on"] == row["sold"]]
        gaps = [g for g in document["gaps"] if g["form_line"] == key]
        others = [d for d in near if d["disposal_id"] not in row["disposal_ids"]]
        return {"row": row, "mine": mine, "others": others[:MOST], "gaps": gaps, "key": key}


# ---- the person's word


@router.post("/reconcile/pair")
async def pair(request: Request, owner: Owner) -> Response:
    form = await sent(request)
    line, note = form.fields.get("line", ""), form.fields.get("note") or None
    ids = form.all_of("disposal")
    if not ids:
        raise UsageError("tick what the line is about")
    await _word(owner, lambda p: p.pair(line, ids, note))
    return await _after(owner, line, f"{line}: paired with {', '.join(ids)}.")


@router.post("/reconcile/unpair")
async def unpair(owner: Owner, line: Text, note: Text = "") -> Response:
    ids = await _word(owner, lambda p: p.unpair(line, note.strip() or None))
    told = f"{line}: not {', '.join(ids)}." if ids else f"{line}: no longer paired by hand."
    return await _after(owner, line, told)


@router.post("/reconcile/broker-error")
async def broker_error(owner: Owner, line: Text, note: Text = "") -> Response:
    if not note.strip():
        raise UsageError("say what is wrong, and how you know: the record needs it")
    await _word(owner, lambda p: p.broker_error(line, note.strip()))
    return await _after(owner, line, f"{line}: {note.strip()}")


async def _word(owner: Owner, say: Callable[[Pairing], Any]) -> Any:
    running = owner.site.running()

    def said() -> Any:
        with closing(running.pipeline.books()) as books:
            return say(Pairing(books, running.database, OWNER, running.clock()))

    return await asyncio.to_thread(said)


async def _after(owner: Owner, line: str, sentence: str) -> Response:
    await owner.site.follow(owner)
    owner.site.note(owner, sentence)
    response = owner.site.to("reconcile", "line")
    response.headers["location"] = owner.site.path("reconcile", "line", line).replace("%2F", "/")
    return response
