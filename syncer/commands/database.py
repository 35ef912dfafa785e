"""db: the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from config.errors import SyncerError, UsageError
from config.secrets import database_password
from config.settings import anchored
from syncer.commands.session import AsJson, Config, Session, console, print_json, say, session
from syncer.pipeline import Pipeline
from syncer.store.copying import copy_rows
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.schema import HEAD, revision

db = typer.Typer(no_args_is_help=True, help="The database itself.")


@db.callback()
def _group() -> None:
    """The database itself."""


@db.command()
def copy(
    url: Annotated[str, typer.Argument(help="Where to: an empty database, sqlite or postgresql.")],
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help="Of its password, or the key of an encrypted file."),
    ] = None,
    encrypted: Annotated[bool, typer.Option("--encrypted", help="Into an encrypted file.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Copy everything into another database, of whichever engine, and prove that it is the same."""
    if encrypted and not password_file:
        raise UsageError("--encrypted needs --password-file with the key")
    told = str(password_file) if password_file else None
    password = database_password(told, Path.cwd(), needed=encrypted) if told else None
    url = anchored(url, Path.cwd())
    with session(config, by_itself=True) as s:  # what others stored meanwhile would be lost
        target = Database(url, password, encrypted)
        try:
            if target.name == s.database.name:
                raise UsageError("that is the database of the settings itself")
            if revision(target) not in (None, HEAD):
                raise SyncerError(f"the database {target.name} is not empty; nothing was copied")
            migrate(target)
            rows = _copied(s, target)
            before = s.pipeline.stored_digest()
            after = Pipeline(s.settings, target, s.clock).stored_digest()
        finally:
            target.close()
    if as_json:
        same = before == after
        print_json({"copy": {"rows": rows, "digest": after, "unchanged": same, "to": target.name}})
    elif before != after:
        say(f"The books of {target.name} have digest {after}, those here {before}: do not use it")
    else:
        say(f"Copied {sum(rows.values()):,} rows of {len(rows)} tables to {target.name}")
        say(f"Every table was read back and is the same; digest of the books {after}")
        say(f'Name it in [database] of the settings: url = "{url}"; then start the service again')
    if before != after:
        raise typer.Exit(1)


def _copied(s: Session, target: Database) -> dict[str, int]:
    with Progress(console=console(), transient=True, disable=not console().is_terminal) as shown:
        task = shown.add_task("", total=None)
        return copy_rows(
            s.database,
            target,
            told=lambda table, rows: shown.update(task, description=f"{table}: {rows:,} rows"),
        )
