"""What a person says: answers, pairs, identifications, silence, settings."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from syncer import alert_views, answering, views
from syncer.answering import Answer
from syncer.books import Books
from syncer.pairing import Pairing
from syncer.recording import Made, record_order, record_sale
from syncer.web.api.asking import Body, Deciding, Json, Line, Note, done_with, follow, part
from syncer.web.pages.settings import changed
from syncer.web.running import Running

router = part()


class AnswerGiven(Body):
    id: Line
    answer: Annotated[str, Field(min_length=1, max_length=60)]
    other: Line | None = None
    basis_usd: Annotated[str, Field(pattern=r"^\d{1,20}(\.\d{1,18})?$")] | None = None
    note: Note | None = None


class Subject(Body):
    subject: Line


class Paired(Body):
    line: Line
    disposals: Annotated[list[Line], Field(min_length=1, max_length=1_000)]
    note: Note | None = None


class Unpaired(Body):
    line: Line
    note: Note | None = None


class BrokerError(Body):
    line: Line
    note: Annotated[str, Field(pattern=r"\S", max_length=2_000)]


class Silence(Body):
    key: Line
    days: Annotated[int, Field(ge=0, le=366)] = 7


class Setting(Body):
    name: Line
    value: Annotated[str, Field(max_length=500)] | None


class Order(Body):
    account: Line
    rule: Literal["fifo", "lifo", "hifo", "lofo", "tax_min"]
    asset: Line | None = None
    effective: Line | None = None
    attested: Line | None = None
    given_to_broker: Line | None = None


class Sale(Body):
    account: Line
    asset: Line
    lots: Annotated[list[Line], Field(min_length=1, max_length=1_000)]
    before: Line
    recorded: Line | None = None
    attested: Line | None = None
    given_to_broker: Line | None = None


@router.post("/review/answer")
async def answer(asked: Deciding, given: AnswerGiven) -> Json:
    """An answer to an item, or by a rule."""
    site, who = asked
    usd = None if given.basis_usd is None else Decimal(given.basis_usd)
    said = Answer(given.id, given.answer, given.other, usd, given.note)

    def kept(running: Running, books: Books) -> Answer:
        made = answering.checked(books, running.settings, said)
        answering.keep(running.database, [made], who, running.clock())
        return made

    made = await done_with(site, kept)
    return {"answer": {"subject": made.subject, "answer": made.answer}, **await follow(site)}


@router.post("/review/undo")
async def undo(asked: Deciding, given: Subject) -> Json:
    """Take an answer back."""
    site, who = asked

    def undone(running: Running, books: Books) -> str:
        return answering.undo(books, running.database, given.subject, who, running.clock())

    return {"undone": await done_with(site, undone), **await follow(site)}


@router.post("/reconcile/pair")
async def pair(asked: Deciding, given: Paired) -> Json:
    """A line is about these disposals."""
    site, who = asked
    ids = await done_with(
        site,
        lambda r, b: Pairing(b, r.database, who, r.clock()).pair(
            given.line, given.disposals, given.note
        ),
    )
    return {"pair": {"line": given.line, "disposals": ids}, **await follow(site)}


@router.post("/reconcile/unpair")
async def unpair(asked: Deciding, given: Unpaired) -> Json:
    """A line is not what it was paired with."""
    site, who = asked
    ids = await done_with(
        site, lambda r, b: Pairing(b, r.database, who, r.clock()).unpair(given.line, given.note)
    )
    return {"unpair": {"line": given.line, "apart_from": ids}, **await follow(site)}


@router.post("/reconcile/broker-error")
async def broker_error(asked: Deciding, given: BrokerError) -> Json:
    """The broker is wrong in a line: its row is corrected by code. The note says how one knows."""
    site, who = asked
    note = given.note.strip()
    await done_with(
        site, lambda r, b: Pairing(b, r.database, who, r.clock()).broker_error(given.line, note)
    )
    return {"broker_error": {"line": given.line, "note": note}, **await follow(site)}


@router.post("/identify/order")
async def identify_by_order(asked: Deciding, given: Order) -> Json:
    """A standing order for later sales."""
    site, pipeline = asked[0], asked[0].running().pipeline
    made = Made(given.effective, given.attested, given.given_to_broker)
    done = await asyncio.to_thread(
        record_order, pipeline, given.rule, given.account, given.asset, made
    )
    told = {"sentence": done.sentence, "hash": done.row.hash, "for_broker": done.for_broker}
    return {"identify": told, **await follow(site)}


@router.post("/identify/sale")
async def identify_a_sale(asked: Deciding, given: Sale) -> Json:
    """The lots of one sale, before it."""
    site, pipeline = asked[0], asked[0].running().pipeline
    made = Made(given.recorded, given.attested, given.given_to_broker)
    done = await asyncio.to_thread(
        record_sale, pipeline, given.account, given.asset, given.lots, given.before, made
    )
    told = {"sentence": done.sentence, "hash": done.row.hash, "for_broker": done.for_broker}
    return {"identify": told, **await follow(site)}


@router.post("/alerts/snooze")
async def snooze(asked: Deciding, given: Silence) -> Json:
    """Nothing is said of an alert for some days; none lets it speak again."""
    running = asked[0].running()
    until = running.clock() + timedelta(days=given.days) if given.days else None
    await asyncio.to_thread(alert_views.silence, running.database, given.key, until)
    return {"snooze": {"key": given.key, "until": views.instant(until)}}


@router.post("/alerts/test")
async def test_channels(asked: Deciding) -> Json:
    """A test message to every channel; what is wrong with each, or nothing."""
    tried = alert_views.tried(asked[0].running().settings)
    return {"channels": [{"channel": name, "problem": why} async for name, why in tried]}


@router.post("/settings")
async def change_setting(asked: Deciding, given: Setting) -> Json:
    """Set one beside the file; null lets the file say it again."""
    site, who = asked
    trouble = await changed(site, given.name, given.value, who)
    told = {"name": given.name, "value": given.value, "from_the_next_start": trouble}
    return {"settings": told, **await follow(site)}
