"""The JSON API: what pages show, as the command line prints it with `--json`; and what they do.

A program gives a token that the owner made, by what it may: `read`, `decide`, `sync`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Security, UploadFile
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from config.errors import SyncerError, UsageError
from config.exact import ZERO
from syncer import answering, harvest_views, views
from syncer.answering import Answer
from syncer.books import Books
from syncer.duties import SYNC
from syncer.harvest.plan import Goal
from syncer.pairing import Pairing
from syncer.recording import Made, document, record_order, record_sale
from syncer.status import status as status_document
from syncer.store import identifications
from syncer.web import figures, uploads
from syncer.web.access import Scope
from syncer.web.pages.harvest import what_if
from syncer.web.pages.ledger import page_of
from syncer.web.pages.reconcile import expected_of, forms_of
from syncer.web.running import Running
from syncer.web.site import Site, site_of
from syncer.web.uploads import Upload
from syncer.written import dollars

Json = dict[str, Any]
VERSION = "1"
FOLLOW_SECONDS = 30.0  # that an answer waits for books that follow from it


class Error(BaseModel):
    """Why something was not done, in a sentence."""

    error: str


_REFUSED: dict[int | str, Json] = {
    401: {"model": Error, "description": "No token, or one that is not known"},
    403: {"model": Error, "description": "The token may not do this, or asked from another site"},
    413: {"description": "Too much was sent"},
    422: {"model": Error, "description": "What was asked for does not exist or does not fit"},
    503: {"model": Error, "description": "The figures are being worked out, or the books are away"},
}
_bearer = HTTPBearer(auto_error=False, description="A token made on the page, under Settings")
Token = Annotated[Any, Security(_bearer)]
router = APIRouter(prefix="/api/v1", responses=_REFUSED)


def _with(scope: Scope) -> Callable[..., Awaitable[tuple[Site, str]]]:
    async def asked(request: Request, _: Token) -> tuple[Site, str]:
        site = site_of(request)
        return site, await site.door.program_of(request, scope)

    return asked


Reading = Annotated[tuple[Site, str], Depends(_with("read"))]
Deciding = Annotated[tuple[Site, str], Depends(_with("decide"))]
Syncing = Annotated[tuple[Site, str], Depends(_with("sync"))]
Year = Annotated[int, Query(ge=2009, le=2200)]
Word = Annotated[str, Query(max_length=300, pattern=r"^[^\x00-\x1f]*$")]
NoWord = Word | None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]+$")]
Note = Annotated[str, Field(max_length=2_000)]


# ---- what is so


@router.get("/status")
async def status(asked: Reading) -> Json:
    """Freshness, gaps, open problems."""
    database = asked[0].running().database
    return {"status": await _of_books(asked[0], lambda b: status_document(database, b.settings, b))}


@router.get("/overview")
async def overview(asked: Reading) -> Json:
    """The year so far, the year before, and what is open."""
    site, database = asked[0], asked[0].running().database
    shown = await site.desk.figures(
        "overview", lambda books, now: figures.overview(database, books, now)
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
        "balances", lambda books, now: figures.balances(database, books, now)
    )
    return {"balances": shown.value}


async def _page(site: Site, what: str, told: dict[str, str | None]) -> Json:
    given = {k: v for k, v in told.items() if v is not None}
    found, rows = await asyncio.to_thread(page_of, site.running(), what, given)
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
    rows = await _of_books(asked[0], lambda b: [views.income(i) for i in b.incomes_in(year)])
    return {"income": rows}


@router.get("/tax")
async def tax(asked: Reading, year: Year) -> Json:
    """A year netted, with what carries over and the tax."""
    return {"tax": await _of_books(asked[0], lambda b: views.tax(b, year))}


@router.get("/review")
async def review(asked: Reading, likely: bool = False) -> Json:
    """What needs a decision; or what applies without a proof."""
    shown = await asked[0].desk.figures("queue", figures.queue)
    return {"review": shown.value.likely if likely else shown.value.items}


@router.get("/reconcile")
async def reconcile(asked: Reading, year: Year, expected: bool = False) -> Json:
    """Form 1099-DA against the ledger; or what the forms of the year will say."""
    make = expected_of if expected else forms_of
    return {"reconcile": await _of_books(asked[0], lambda b: make(b, year))}


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


# ---- what a person says


class AnswerGiven(_Body):
    id: Line
    answer: Annotated[str, Field(min_length=1, max_length=60)]
    other: Line | None = None
    basis_usd: Annotated[str, Field(pattern=r"^\d{1,20}(\.\d{1,18})?$")] | None = None
    note: Note | None = None


class Subject(_Body):
    subject: Line


class Paired(_Body):
    line: Line
    disposals: Annotated[list[Line], Field(min_length=1, max_length=1_000)]
    note: Note | None = None


class Unpaired(_Body):
    line: Line
    note: Note | None = None


class Order(_Body):
    account: Line
    rule: Literal["fifo", "lifo", "hifo", "lofo", "tax_min"]
    asset: Line | None = None
    effective: Line | None = None
    attested: Line | None = None
    given_to_broker: Line | None = None


class Sale(_Body):
    account: Line
    asset: Line
    lots: Annotated[list[Line], Field(min_length=1, max_length=1_000)]
    before: Line
    recorded: Line | None = None
    attested: Line | None = None
    given_to_broker: Line | None = None


class Sources(_Body):
    sources: Annotated[list[Line], Field(max_length=1_000)] = []


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

    made = await _done(site, kept)
    return {"answer": {"subject": made.subject, "answer": made.answer}, **await _follow(site)}


@router.post("/review/undo")
async def undo(asked: Deciding, given: Subject) -> Json:
    """Take an answer back."""
    site, who = asked

    def undone(running: Running, books: Books) -> str:
        return answering.undo(books, running.database, given.subject, who, running.clock())

    return {"undone": await _done(site, undone), **await _follow(site)}


@router.post("/reconcile/pair")
async def pair(asked: Deciding, given: Paired) -> Json:
    """A line is about these disposals."""
    site, who = asked
    ids = await _done(
        site,
        lambda r, b: Pairing(b, r.database, who, r.clock()).pair(
            given.line, given.disposals, given.note
        ),
    )
    return {"pair": {"line": given.line, "disposals": ids}, **await _follow(site)}


@router.post("/reconcile/unpair")
async def unpair(asked: Deciding, given: Unpaired) -> Json:
    """A line is not what it was paired with."""
    site, who = asked
    ids = await _done(
        site, lambda r, b: Pairing(b, r.database, who, r.clock()).unpair(given.line, given.note)
    )
    return {"unpair": {"line": given.line, "apart_from": ids}, **await _follow(site)}


@router.get("/identifications")
async def identified(asked: Reading) -> Json:
    """All that is recorded, and whether the chain of hashes is whole."""
    database = asked[0].running().database

    def told() -> Json:
        with database.read() as connection:
            rows = identifications.identifications(connection)
            broken = identifications.broken_link(connection)
        return {"identify": [document(r) for r in rows], "broken_at": broken}

    return await asyncio.to_thread(told)


@router.post("/identify/order")
async def identify_by_order(asked: Deciding, given: Order) -> Json:
    """A standing order for later sales."""
    site, pipeline = asked[0], asked[0].running().pipeline
    made = Made(given.effective, given.attested, given.given_to_broker)
    done = await asyncio.to_thread(
        record_order, pipeline, given.rule, given.account, given.asset, made
    )
    told = {"sentence": done.sentence, "hash": done.row.hash, "for_broker": done.for_broker}
    return {"identify": told, **await _follow(site)}


@router.post("/identify/sale")
async def identify_a_sale(asked: Deciding, given: Sale) -> Json:
    """The lots of one sale, before it."""
    site, pipeline = asked[0], asked[0].running().pipeline
    made = Made(given.recorded, given.attested, given.given_to_broker)
    done = await asyncio.to_thread(
        record_sale, pipeline, given.account, given.asset, given.lots, given.before, made
    )
    told = {"sentence": done.sentence, "hash": done.row.hash, "for_broker": done.for_broker}
    return {"identify": told, **await _follow(site)}


# ---- what comes in


@router.post("/sync", status_code=202)
async def sync(asked: Syncing, given: Sources) -> Json:
    """Read all or some sources now; it goes on after the answer."""
    running = asked[0].running()
    known = [s.name for s in running.pipeline.sources()]
    wanted = given.sources or known
    if strange := next((name for name in wanted if name not in known), None):
        raise UsageError(f"there is no source {strange}; there: {', '.join(known) or 'none'}")
    return {"sync": [name for name in wanted if running.start(f"{SYNC}{name}")]}


@router.post("/import")
async def import_file(
    asked: Syncing, file: UploadFile, account: NoWord = None, broker: NoWord = None,
    year: Year | None = None, format: NoWord = None,
) -> Json:  # fmt: skip
    """Take a file in; again changes nothing."""
    site, upload = asked[0], await Upload.of(file)

    def taken_in() -> Any:
        from syncer.files import Told

        told = Told(format, account, broker, year)
        return uploads.take_in(site.running(), upload, told)

    done = await asyncio.to_thread(taken_in)
    return {"import": asdict(done), **await _follow(site)}


# ---- how


async def _of_books(site: Site, make: Callable[[Books], Any]) -> Any:
    running = site.running()

    def made() -> Any:
        with running.database.told(), closing(running.pipeline.books()) as books:
            return make(books)

    return await asyncio.to_thread(made)


async def _done(site: Site, do: Callable[[Running, Books], Any]) -> Any:
    running = site.running()
    return await _of_books(site, lambda books: do(running, books))


async def _follow(site: Site) -> Json:
    """Whether the books follow already, and what was wrong if not all of it could be."""
    deriving = asyncio.ensure_future(site.running().derive())
    await asyncio.wait([deriving], timeout=FOLLOW_SECONDS)
    site.desk.forget()
    if not deriving.done():
        return {"derived": False, "problem": None}
    try:
        return {"derived": True, "problem": deriving.result()}
    except SyncerError as error:
        return {"derived": False, "problem": str(error)}


def describe(app: FastAPI) -> None:
    """OpenAPI, for who may read."""

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def described(_: Reading) -> Response:
        document = app.openapi()
        return JSONResponse(document)
