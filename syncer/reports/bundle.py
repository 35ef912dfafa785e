"""The audit bundle: a zip with the papers, what they rest on, and a sum of every file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from connectors.brokers import form_1099da, gain_loss
from connectors.files import allocation
from connectors.files.formulas import guarded
from syncer import form_views, views
from syncer.books import Books
from syncer.events import DUPLICATE, Event, event_id, lot_id
from syncer.ledger.joining import REST
from syncer.lots.model import Disposal
from syncer.reports.sheets import Sheet
from syncer.store import identifications, records
from syncer.store.database import Database

MANIFEST = "SHA256SUMS"
_THEN = (1980, 1, 1, 0, 0, 0)  # the same books give the same bytes


def write_bundle(
    path: Path, papers: Iterable[Path], database: Database, books: Books, year: int
) -> None:
    """Papers, lots with their road, events, raw records, identifications, decisions and the
    reconciliation. Raises OSError if it cannot be written."""
    parts = {f"papers/{p.name}": p.read_bytes() for p in papers}
    parts |= {name: data.encode() for name, data in _grounds(database, books, year)}
    sums = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(parts.items())
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in sorted({**parts, MANIFEST: sums.encode()}.items()):
            bundle.writestr(zipfile.ZipInfo(name, _THEN), data, zipfile.ZIP_DEFLATED)


def as_csv(sheet: Sheet) -> str:
    """A table as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(sheet.header)
    writer.writerows([guarded(c) for c in row] for row in sheet.rows)
    return buffer.getvalue()


def _grounds(database: Database, books: Books, year: int) -> Iterator[tuple[str, str]]:
    disposals = books.disposals_in(year)
    opened = _opened(books.events)
    concerned = _concerned(books, disposals, opened, year)
    yield "reconciliation.json", _json(form_views.reconciliation(books.reconciliation(year)))
    yield "decisions.json", _json([asdict(d) for d in books.decisions])
    yield "lots.csv", as_csv(_lots(disposals, opened))
    told = [views.event(e) for e in books.events if e.event_id in concerned]
    yield "events.jsonl", _json_lines(told)
    parts = {p for e in books.events if e.event_id in concerned for p in (e.event_id, *e.parts)}
    with database.read() as connection:
        yield "identifications.json", _json(_identifications(connection))
        yield "raw.jsonl", _json_lines(_raw(connection, {p.removesuffix(REST) for p in parts}))
        yield "forms.jsonl", _json_lines(_told_by_others(connection))


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"


def _json_lines(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(r, ensure_ascii=False, sort_keys=True) + "\n" for r in rows)


def _opened(events: Iterable[Event]) -> dict[str, Event]:
    """The event that opened a lot, by the lot's id."""
    return {lot_id(e.event_id, g.account, g.asset): e for e in events for g in e.coming()}


def _concerned(
    books: Books, disposals: Iterable[Disposal], opened: Mapping[str, Event], year: int
) -> set[str]:
    """Events of the year, the whole road of the lots that it disposed of, and what tells any of
    them a second time."""
    zone = books.settings.zone
    found = {e.event_id for e in books.events if e.at.astimezone(zone).year == year}
    for one in disposals:
        found |= {one.event_id, *one.road}
        if (event := opened.get(one.lot_id or "")) is not None:
            found.add(event.event_id)
    twice = (e for e in books.events if e.kind == DUPLICATE and found & set(e.parts))
    return found | {e.event_id for e in twice}


def _lots(disposals: Iterable[Disposal], opened: Mapping[str, Event]) -> Sheet:
    """Each disposal with the event that opened its lot and the transfers that brought it."""
    header = ("disposal_id", "lot_id", "opened_by", "road", "acquired_at", "basis_usd", "evidence")
    return Sheet(header, (_lot(d, opened.get(d.lot_id or "")) for d in disposals))


def _lot(one: Disposal, opened: Event | None) -> list[str]:
    return [
        one.disposal_id,
        one.lot_id or "",
        opened.event_id if opened else "",
        " ".join(one.road),
        views.instant(one.acquired_at) or "",
        views.usd(one.basis_usd) or "",
        opened.evidence if opened else "",
    ]


def _identifications(connection: Connection) -> list[dict[str, Any]]:
    """Every row with the hash that chains it to the one before."""
    return [r.model_dump(mode="json") for r in identifications.identifications(connection)]


def _raw(connection: Connection, events: set[str]) -> Iterator[dict[str, Any]]:
    """What the sources said of these events, by id and as it was said."""
    found: dict[str, list[str]] = {}
    for source, group, native_id in records.entries_of_groups(connection):
        if event_id(source, group) in events:
            found.setdefault(source, []).append(native_id)
    for source in sorted(found):
        for one in records.named(connection, source, sorted(set(found[source]))):
            yield _said(one.source, one.stream, one.native_id, one.body)


def _told_by_others(connection: Connection) -> Iterator[dict[str, Any]]:
    """Brokers' forms and reports, and the person's allocation under Rev. Proc. 2024-28."""
    told = [
        records.latest(connection, stream=form_1099da.STREAM),
        records.latest(connection, stream=gain_loss.STREAM),
        records.latest(connection, source=allocation.SOURCE),
    ]
    for one in chain.from_iterable(told):
        yield _said(one.source, one.stream, one.native_id, one.body)


def _said(source: str, stream: str, native_id: str, body: str) -> dict[str, Any]:
    return {"source": source, "stream": stream, "id": native_id, "body": body}
