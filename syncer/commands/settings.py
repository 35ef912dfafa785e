"""settings: what is set and where; changes that the page makes, made or taken back here too."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from syncer.commands.session import (
    AsJson,
    Config,
    print_json,
    print_table,
    say,
    session,
    who,
)
from syncer.origins import all_set, change

settings = typer.Typer(
    help="What is set and where; changes beside the file.", invoke_without_command=True
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="As harvest.min_loss_usd.")]


@settings.callback()
def show(context: typer.Context, config: Config = None, as_json: AsJson = False) -> None:
    """Settings that may be changed on the page: values, and where they come from."""
    if context.invoked_subcommand:
        return
    with session(config) as s:
        rows = [asdict(one) for one in all_set(s.settings, s.path, s.database)]
    if as_json:
        print_json({"settings": rows})
    else:
        print_table("Settings", rows, ("name", "value", "origin", "meaning"))


@settings.command("set")
def set_(
    name: Name,
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    config: Config = None,
) -> None:
    """Change one; it goes before the file, and a running service reads it at its next reload."""
    with session(config) as s:
        change(s.path, s.database, name, value, who(), s.clock())
    say(f"{name} = {value}. Take it back with: syncer settings unset {name}")


@settings.command()
def unset(name: Name, config: Config = None) -> None:
    """Let the file say it again, or the default."""
    with session(config) as s:
        change(s.path, s.database, name, None, who(), s.clock())
    say(f"{name}: as the file says")
