"""import: files of venues, programs and brokers; a form in columns of its own by a mapping."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from config.errors import DataError, UsageError
from connectors.brokers import mapping
from connectors.brokers.mapping import Columns, Table
from connectors.files import detect
from connectors.records import exact
from syncer.commands.session import (
    AsJson,
    Config,
    complain,
    console,
    print_json,
    print_table,
    say,
    session,
)
from syncer.files import Imported, Told, import_file
from syncer.forms import Mapped


def import_(
    file: Annotated[
        Path,
        typer.Argument(help="A statement, journal, form (CSV, JSON, XML, PDF), allocation."),
    ],
    account: Annotated[
        str | None,
        typer.Option(
            help="Whose a statement is, NAME or for an explorer's NAME@CHAIN; a form's number."
        ),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", help="Its name, if the header does not tell; a wrong one names all."
        ),
    ] = None,
    broker: Annotated[
        str | None, typer.Option(help="The broker of a form that does not name it.")
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="The year of a form that does not name it.")
    ] = None,
    map_: Annotated[
        bool, typer.Option("--map", help="A broker's form in columns of its own.")
    ] = False,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="With --map: OURS=COLUMN of the file.")
    ] = None,
    total: Annotated[
        str | None, typer.Option("--total", help="The proceeds that a form states.")
    ] = None,
    rows: Annotated[
        int | None, typer.Option("--rows", help="How many lines a form states.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Take a file in; importing it again changes nothing."""
    told = Told(format_, account, broker, year, None, rows, _dollars(total))
    with session(config) as s:
        try:
            if map_ or column:
                told = replace(
                    told, mapped=_mapped(file, broker, column or [], rows, told.total, as_json)
                )
            allocation = s.pipeline.allocation_problems
            done = import_file(s.database, file, s.clock(), told, s.settings, allocation)
        except DataError as error:
            raise UsageError(str(error)) from None
        sentences = asyncio.run(s.pipeline.derive())
    _show(file, done, sentences, as_json)
    if done.sentences:
        raise typer.Exit(1)


def _show(file: Path, done: Imported, sentences: list[str], as_json: bool) -> None:
    row = {
        "file": str(file),
        "format": done.format,
        "account": done.account,
        "rows": done.rows,
        "new_records": done.new_records,
        "changed": done.changed,
        "refused": list(done.sentences),
        "notes": list(done.notes),
        "problems": sentences,
    }
    if as_json:
        print_json({"import": row})
        return
    changed = f", {done.changed} changed" if done.changed else ""
    whose = f" of {done.account}" if done.account else ""
    say(
        f"{file.name}: {done.format}{whose}, {done.rows} rows, "
        f"{done.new_records} new records{changed}"
    )
    for note in done.notes:
        say(f"  note: {note}")
    for sentence in (*done.sentences, *sentences):
        complain(f"{file.name}: {sentence}")


# ---- the mapping wizard


def _mapped(
    file: Path,
    broker: str | None,
    columns: list[str],
    rows: int | None,
    total: Decimal | None,
    as_json: bool,
) -> Mapped:
    """Guesses, shown with sample values; what a person changes; what must add up."""
    if not broker:
        raise UsageError("--map needs --broker: the mapping is kept for that broker's next form")
    found = detect.open_file(file)
    sheet = mapping.table(found.text or "", file.name)
    ours = mapping.with_words(mapping.guess(sheet), columns, sheet.header)
    asks = console().is_terminal and not as_json
    if not as_json:
        _show_guesses(sheet, ours)
    if asks:
        ours = _ask(sheet, ours)
        total = total or _dollars(typer.prompt("Total proceeds on the statement"))
    if total is None and rows is None:
        raise UsageError(
            "say what the statement adds up to, --total PROCEEDS or --rows N, so that a wrong "
            "column is noticed; nothing was taken in"
        )
    return Mapped(Columns(sheet.header, ours), rows, total, keep=True)


def _dollars(text: str | None) -> Decimal | None:
    """What a statement states; nothing if it is empty."""
    if not text or not text.strip():
        return None
    try:
        return exact(text.strip().replace(",", "").lstrip("$"), "--total")
    except DataError as error:
        raise UsageError(str(error)) from None


def _show_guesses(sheet: Table, ours: Mapping[str, str]) -> None:
    by_column = {column: name for name, column in ours.items()}
    told = [
        {"column": c, "is": by_column.get(c, "-"), "samples": sheet.samples(c)}
        for c in sheet.header
        if c
    ]
    print_table("Columns", told, ("column", "is", "samples"))


def _ask(sheet: Table, ours: dict[str, str]) -> dict[str, str]:
    """OURS=COLUMN until nothing is said."""
    while True:
        said = typer.prompt("Change one as OURS=COLUMN, or Enter if all is right", default="")
        if not said:
            return ours
        try:
            ours = mapping.with_words(ours, [said], sheet.header)
        except DataError as error:
            complain(str(error))
        _show_guesses(sheet, ours)
