"""rebuild, backup, run, demo: keeping the books and the service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from config.errors import UsageError
from syncer.commands.session import AsJson, Config, print_json, say, session
from syncer.store.backup import backup_name, copy_to


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
        folder = out or s.database.path.parent / "backups"
        made = copy_to(s.database, backup_name(folder, s.clock()))
    if as_json:
        print_json({"backup": {"file": str(made), "bytes": made.stat().st_size}})
    else:
        say(f"Wrote {made} ({made.stat().st_size} bytes, checked)")


def run(config: Config = None) -> None:
    """The service: everything on schedule until SIGTERM."""
    from syncer.daemon import serve

    with session(config) as s:
        asyncio.run(serve(s.settings, s.database, s.pipeline, s.clock))


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", help="Where the sandbox and its books lie.")
    ] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve", help="Keep the sandbox running until Ctrl-C.")
    ] = False,
) -> None:
    """A scripted year through the real product, against a sandbox on this machine."""
    try:
        from syncer.demo.show import keep_serving, show
    except ImportError as error:
        raise UsageError(
            f"the demo needs its extra packages ({error.name}); install taxlot-syncer[demo]"
        ) from None
    if serve:
        keep_serving(folder)
    else:
        show(folder)
