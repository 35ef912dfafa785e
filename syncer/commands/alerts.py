"""alerts: what is worth saying now, what was said, a test of the channels, silence for a while."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from config.errors import UsageError
from config.sections import length_of
from config.settings import Settings
from syncer import alert_views, views
from syncer.commands.session import (
    AsJson,
    Config,
    complain,
    print_json,
    print_table,
    say,
    session,
)

alerts = typer.Typer(
    help="What is worth saying, what was said, and whether it arrived.", invoke_without_command=True
)


@alerts.callback()
def show(context: typer.Context, config: Config = None, as_json: AsJson = False) -> None:
    """What is worth saying now, and the newest messages with how each was delivered."""
    if context.invoked_subcommand:
        return
    with session(config) as s, s.database.read() as connection:
        states, messages = (
            alert_views.states(connection),
            alert_views.messages(connection, s.settings),
        )
    if as_json:
        print_json({"alerts": states, "messages": messages})
        return
    open_ = [r for r in states if r["state"] != "clear" or r["snoozed_until"]]
    print_table("Alerts", open_, ("key", "state", "since", "size_usd", "messages", "snoozed_until"))
    shown = ("id", "reference") if s.settings.alerts.detail == "none" else ("id",)
    columns = (*shown, "channel", "created_at", "delivered_at", "attempts", "sentence")
    print_table("Messages", messages, columns)


@alerts.command("test")
def try_channels(config: Config = None) -> None:
    """Send a test message to every channel of [alerts] urls."""
    with session(config) as s:
        if not asyncio.run(_all_deliver(s.settings)):
            raise typer.Exit(1)


async def _all_deliver(settings: Settings) -> bool:
    good = True
    async for channel, trouble in alert_views.tried(settings):
        if trouble is None:
            say(f"{channel}: delivered")
        else:
            complain(f"{channel}: {trouble}")
            good = False
    return good


@alerts.command()
def snooze(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As syncer alerts shows it.")],
    for_: Annotated[str, typer.Option("--for", help="How long, for example 7d.")] = "7d",
    off: Annotated[bool, typer.Option("--off", help="Speak again at once.")] = False,
    config: Config = None,
) -> None:
    """Say nothing of one alert for a while."""
    length = _length(for_)
    with session(config) as s:
        until = None if off else s.clock() + length
        alert_views.silence(s.database, key, until)
    say(f"{key}: it speaks again" if off else f"{key}: silent until {views.instant(until)}")


def _length(text: str) -> timedelta:
    try:
        return length_of(text)
    except ValueError as error:
        raise UsageError(f"--for {text} {error}") from None
