"""prices: working off what has no value in dollars."""

from __future__ import annotations

import asyncio

import typer
from rich.progress import Progress

from syncer import views
from syncer.commands.session import AsJson, Config, complain, console, print_json, print_table, say
from syncer.commands.session import session as opened

prices = typer.Typer(help="Values in dollars.", no_args_is_help=True)


@prices.callback()
def _group() -> None:
    """Values in dollars."""


@prices.command("fill")
def fill(config: Config = None, as_json: AsJson = False) -> None:
    """Ask again for every price that is missing, and say why those that stay missing do."""
    out = console()
    with (
        opened(config) as s,
        Progress(console=out, transient=True, disable=as_json or not out.is_terminal) as bar,
    ):
        task = bar.add_task("prices")

        def show(number: int, of: int, asset: str) -> None:
            bar.update(task, description=f"prices: {asset}", completed=number, total=of)

        done = asyncio.run(s.pipeline.fill_prices(show))
    rows = [
        {"asset": a, "at": views.instant(at), "reason": m.reason, "detail": m.detail}
        for a, at, m in done.missing
    ]
    if as_json:
        told = {"asked": done.asked, "found": done.found, "missing": rows}
        print_json({"prices": {**told, "problems": done.sentences}})
    else:
        say(f"{done.found} of {done.asked} prices found")
        if rows:
            print_table("Missing", rows, ("asset", "at", "reason", "detail"))
        for sentence in done.sentences:
            complain(sentence)
    if done.sentences:
        raise typer.Exit(1)
