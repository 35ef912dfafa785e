"""Review: what waits for the person's word, answers to one or many, and taking them back."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from config.errors import UsageError
from syncer import answering, views
from syncer.answering import Answer
from syncer.events import Event
from syncer.explain import explain
from syncer.ledger.answers import ANSWERS, NEEDS_OTHER, NEEDS_USD
from syncer.ledger.halves import are_halves
from syncer.ledger.review import Item
from syncer.web import figures
from syncer.web.forms import sent
from syncer.web.running import Running
from syncer.web.site import OWNER, Owner
from syncer.written import not_negative

router = APIRouter(include_in_schema=False)
MOST = 100  # items on one page; the rest is told
HALVES = 12  # candidates for the other half that are offered
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/review")
async def review(owner: Owner, kind: str = "", show: str = "") -> Response:
    shown = await owner.site.desk.figures("queue", figures.queue, with_pulls=True)
    source = shown.value.likely if show == "likely" else shown.value.items
    items = [i for i in source if kind in ("", i["kind"])]
    kinds = sorted({i["kind"] for i in source})
    return owner.site.page(
        owner,
        "review.html",
        shown=shown,
        items=items[:MOST],
        more=len(items) - MOST,
        kinds=kinds,
        kind=kind,
        show=show,
        alike=sorted(set.intersection(*(set(i["answers"]) for i in items))) if items else [],
    )


@router.get("/review/item/{id_:path}")
async def item(owner: Owner, id_: str) -> Response:
    running = owner.site.running()
    told = await asyncio.to_thread(_item, running, id_)
    return owner.site.page(owner, "review_item.html", **told)


def _item(running: Running, id_: str) -> dict[str, Any]:
    with closing(running.pipeline.books()) as books:
        found = next((i for i in (*books.review, *books.likely) if i.id == id_), None)
        if found is None:
            raise UsageError(f"{id_} does not wait for an answer any more")
        by_id = {e.event_id: e for e in (*books.shelf.questions, *books.shelf.unproved)}
        events = [by_id[i] for i in found.event_ids if i in by_id]
        explained = [
            views.explained(explain(running.database, running.settings, e)) for e in events
        ]
        return {
            "item": views.item(found),
            "events": explained,
            "halves": [views.event(e) for e in _halves(found, by_id)],
            "needs_other": {a: w for (k, a), w in NEEDS_OTHER.items() if k == found.kind},
            "needs_usd": {a for k, a in NEEDS_USD if k == found.kind},
            "places": figures.queue(books, running.clock()).accounts,
        }


def _halves(item: Item, by_id: dict[str, Event]) -> list[Event]:
    """Events that could be the other half of a transfer, the nearest in time first."""
    mine = by_id.get(item.event_ids[0]) if item.event_ids else None
    if mine is None or item.kind not in ("unmatched_withdrawal", "unmatched_deposit"):
        return []
    leaves = item.kind == "unmatched_withdrawal"
    others = (e for e in by_id.values() if e.event_id != mine.event_id)
    fitting = [e for e in others if are_halves(*((mine, e) if leaves else (e, mine)))]
    return sorted(fitting, key=lambda e: abs(e.at - mine.at))[:HALVES]


@router.post("/review/answer")
async def answer(
    owner: Owner,
    id_: Annotated[str, Form(alias="id", max_length=500)],
    answer: Text,
    other: Text = "",
    usd: Text = "",
    note: Text = "",
) -> Response:
    said = Answer(
        id_,
        answer,
        other.strip() or None,
        not_negative(usd.strip().replace(",", "").lstrip("$"), "dollars"),
        note.strip() or None,
    )
    kept = await asyncio.to_thread(_keep, owner.site.running(), [said])
    await owner.site.follow(owner)
    owner.site.note(owner, f"{views_words(kept[0].subject)}: {answer}. It can be taken back below.")
    return owner.site.to("review")


@router.post("/review/answers")
async def answers(request: Request, owner: Owner) -> Response:
    """One answer to all items that were ticked; all of them or none."""
    form = await sent(request)
    ids, told = form.all_of("id"), form.fields.get("answer", "")
    if not ids or not told:
        raise UsageError("tick at least one item, and choose an answer")
    note = form.fields.get("note") or None
    said = [Answer(i, told, note=note) for i in ids]
    await asyncio.to_thread(_keep, owner.site.running(), said)
    await owner.site.follow(owner)
    owner.site.note(owner, f"{len(ids)} items: {told}.")
    return owner.site.to("review")


def _keep(running: Running, said: list[Answer]) -> list[Answer]:
    with closing(running.pipeline.books()) as books:
        kept = [answering.checked(books, running.settings, one) for one in said]
    answering.keep(running.database, kept, OWNER, running.clock())
    return kept


@router.post("/review/rule")
async def rule(
    owner: Owner, kind: Text, answer: Text, address: Text = "", account: Text = "",
    asset: Text = "", other: Text = "", note: Text = "",
) -> Response:  # fmt: skip
    """One answer for all events of a kind that fit, those to come included."""
    told = {"address": address, "account": account, "asset": asset}
    conditions = [f"{k}={v.strip()}" for k, v in told.items() if v.strip()]
    if kind not in ANSWERS or not conditions:
        raise UsageError("a rule needs a kind, and an address, an account or an asset")
    subject = f"{kind}:{','.join(conditions)}"
    said = Answer(subject, answer, other.strip() or None, None, note.strip() or None)
    await asyncio.to_thread(_keep, owner.site.running(), [said])
    await owner.site.follow(owner)
    owner.site.note(owner, f"{subject}: {answer}, for events of today and to come.")
    return owner.site.to("review")


@router.post("/review/undo")
async def undo(owner: Owner, subject: Annotated[str, Form(max_length=500)]) -> Response:
    running = owner.site.running()

    def undone() -> str:
        with closing(running.pipeline.books()) as books:
            return answering.undo(books, running.database, subject, OWNER, running.clock())

    done = await asyncio.to_thread(undone)
    await owner.site.follow(owner)
    owner.site.note(owner, f"{views_words(done)}: taken back.")
    return owner.site.to("review")


def views_words(subject: str) -> str:
    return subject.replace("_", " ").replace(":", ": ", 1)
