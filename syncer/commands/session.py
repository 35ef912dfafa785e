"""What every command needs: settings, database, pipeline; and how it prints."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import settings as configuration
from config.errors import UsageError
from config.settings import Settings
from syncer.clock import Clock, system_clock
from syncer.commands.terminal import Terminal
from syncer.ingest.lock import alone, in_use
from syncer.pipeline import Pipeline
from syncer.store import edits
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.opening import open_database
from syncer.written import end_of_day

WIDTH = 160  # of tables in a pipe or a file
_BEYOND_ASCII = re.compile(r"[\x7f-\x9f]")  # control characters that JSON would leave as they are
Config = Annotated[Path | None, typer.Option("--config", help="The settings file.", metavar="PATH")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Year = Annotated[int, typer.Option("--year", help="The tax year.", min=2009, max=2200)]
OneAccount = Annotated[str | None, typer.Option("--account", help="Only this account.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 if there are gaps.")]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of one command."""

    settings: Settings
    path: Path | None
    database: Database
    clock: Clock
    pipeline: Pipeline

    def end_of_day(self, day: str | None) -> datetime | None:
        """The last instant of a day in the taxpayer's zone."""
        return end_of_day(day, self.settings.zone)

    def known_account(self, name: str | None, seen: Sequence[str] = ()) -> str | None:
        """The name, if the settings or the books know it; raises UsageError otherwise."""
        known = {a.name for a in self.settings.account} | set(seen)
        if name is not None and name not in known:
            raise UsageError(
                f"there is no account {name}; known: {', '.join(sorted(known)) or 'none'}"
            )
        return name


@contextmanager
def session(config: Path | None, by_itself: bool = False) -> Iterator[Session]:
    """Settings read, database opened and migrated; closed at the end. `by_itself`: while no other
    command and no service uses it."""
    path = configuration.find(config)
    settings = configuration.load(path)
    clock = system_clock()
    database = open_database(settings)
    try:
        migrate(database)
        with alone(database) if by_itself else in_use(database), database.told():
            settings = with_edits(settings, path, database)
            yield Session(settings, path, database, clock, Pipeline(settings, database, clock))
    finally:
        database.close()


def with_edits(settings: Settings, path: Path | None, database: Database) -> Settings:
    """With what was set on the page in the place of what the file says."""
    with database.read() as connection:
        found = edits.edits(connection)
    return configuration.load(path, found) if found else settings


def who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


# ---- printing


def console() -> Console:
    """Made anew, so that it writes to the standard output of this moment."""
    out = Terminal()
    return out if out.is_terminal else Terminal(width=WIDTH)


def print_json(document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    typer.echo(_BEYOND_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Named columns of rows; numbers to the right."""
    if not rows:
        console().print(f"{title}: none", markup=False)
        return
    table = Table(title=Text(f"{title} ({len(rows)})"), title_justify="left")
    for column in columns:
        right = any(column.endswith(s) for s in ("usd", "quantity", "difference", "reported"))
        name = column.removesuffix("_usd").replace("_", " ")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(c))) for c in columns))
    console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    text = str(value).replace("\n", " ")
    return text[:10] + "…" + text[-4:] if text.startswith("0x") and len(text) > 20 else text


def say(text: str) -> None:
    console().print(text, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """A sentence on standard error."""
    Terminal(stderr=True, soft_wrap=True).print(text, markup=False)
