"""rebuild, backup, run, demo: keeping the books and the service."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Annotated

import typer

from config import settings as configuration
from config.errors import UsageError
from config.settings import Settings
from syncer import views
from syncer.clock import system_clock
from syncer.commands.session import (
    AsJson,
    Config,
    Session,
    print_json,
    print_table,
    say,
    session,
)
from syncer.ingest.lock import alone
from syncer.store import access, restoring
from syncer.store.backup import backup_name, backups, copy_to
from syncer.store.migrate import migrate
from syncer.store.opening import open_database

LEAVE_SECONDS = 1.0  # after the end of the service, for threads that still work


def rebuild(
    check: Annotated[bool, typer.Option("--check", help="Compare and print the digest.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Derive everything again from what is stored, without network."""
    with session(config) as s:
        before = s.pipeline.stored_digest() if check else None
        after = s.pipeline.rebuild()
    same = before is None or before == after
    if as_json:
        print_json({"rebuild": {"digest": after, "unchanged": same if check else None}})
    else:
        say(f"Digest {after}")
        if check:
            say(
                "The rebuild gives the same books"
                if same
                else f"The books changed; before: {before}"
            )
    if not same:
        raise typer.Exit(1)


def backup(
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder; backups beside the database if none.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database while it is in use, and check the copy."""
    with session(config) as s:
        folder = out or s.settings.backup_folder
        made = copy_to(s.database, backup_name(folder, s.clock()))
    if as_json:
        print_json({"backup": {"file": str(made), "bytes": made.stat().st_size}})
    else:
        say(f"Wrote {made} ({made.stat().st_size} bytes, checked)")


def restore(
    file: Annotated[
        Path | None, typer.Argument(help="The backup; without one those that there are.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in place of the database, checked; what was there is kept beside it."""
    settings = configuration.load(configuration.find(config))
    if file is None:
        _list_backups(settings.backup_folder, as_json)
        return
    aside = _put_back(settings, file)
    with session(config) as s:
        name = s.database.name
        with s.database.write() as connection:
            access.end_sessions(connection)  # that were ended since the backup
        before = s.pipeline.stored_digest()
        after = s.pipeline.rebuild()
    if as_json:
        kept_as = str(aside) if aside else None
        same = before == after
        print_json({"restore": {"digest": after, "unchanged": same, "kept_as": kept_as}})
        return
    say(f"Restored {file} to {name}")
    if aside:
        say(f"What was there is kept as {aside}")
    what = "the same books" if before == after else "other books than it had: see CHANGELOG.md"
    say(f"Deriving them again gives {what}. Digest {after}")


def _put_back(settings: Settings, file: Path) -> Path | None:
    """Where what was there is kept; None if there was nothing."""
    database, now = open_database(settings), system_clock()()
    try:
        if kept := database.file:
            with alone(database):
                return restoring.restore(file, kept.path, now, kept.driver)
        migrate(database)
        with alone(database):
            return restoring.restore_rows(file, database, settings.backup_folder, now)
    finally:
        database.close()


def _list_backups(folder: Path, as_json: bool) -> None:
    rows = [
        {"made_at": views.instant(at), "file": str(path), "bytes": path.stat().st_size}
        for at, path in backups(folder).items()
    ]
    if as_json:
        print_json({"backups": rows})
        return
    print_table(f"Backups in {folder}", rows, ("made_at", "file", "bytes"))
    if rows:
        say(f"Restore one: syncer restore {rows[0]['file']}")


def run(config: Config = None) -> None:
    """The service: everything on schedule until SIGTERM."""
    from syncer.daemon import serve

    # a derivation in a thread cannot be called back; it stores all or nothing, so it may be left
    leave = threading.Timer(LEAVE_SECONDS, os._exit, (0,))
    leave.daemon = True

    async def served(s: Session) -> None:
        await serve(s.settings, s.path, s.database, s.pipeline, s.clock)
        leave.start()

    with session(config) as s:
        try:
            asyncio.run(served(s))
        finally:
            leave.cancel()


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", help="Where the sandbox and its books lie.")
    ] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve", help="Keep the sandbox running until Ctrl-C.")
    ] = False,
    web: Annotated[
        bool, typer.Option("--web", help="Then the service with its page, until Ctrl-C.")
    ] = False,
) -> None:
    """A scripted year through the real product, against a sandbox on this machine."""
    try:
        from syncer.demo.show import keep_serving, show, show_page
    except ImportError as error:
        raise UsageError(
            f"the demo needs its extra packages ({error.name}); install taxlot-syncer[demo]"
        ) from None
    if web:
        show_page(folder)
    elif serve:
        keep_serving(folder)
    else:
        show(folder)
