"""alerts: what is worth saying now, what was said, a test of the channels, silence for a while."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from config.errors import SyncerError, UsageError
from config.sections import length_of
from connectors import notify
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
from syncer.store import alerts as stored

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
        urls = s.settings.alerts.urls
        notify.check_urls(urls)
        if not urls:
            raise UsageError('[alerts] urls names no channel, for example ["ntfy://my-topic"]')
        failed = asyncio.run(_sent(urls))
    if failed:
        raise typer.Exit(1)


async def _sent(urls: tuple[str, ...]) -> int:
    failed = 0
    for url in urls:
        try:
            await notify.send(url, *alert_views.TEST)
            say(f"{notify.masked(url)}: delivered")
        except SyncerError as error:
            complain(f"{notify.masked(url)}: {error}")
            failed += 1
    return failed


@alerts.command()
def snooze(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As syncer alerts shows it.")],
    for_: Annotated[str, typer.Option("--for", help="How long, for example 7d.")] = "7d",
    off: Annotated[bool, typer.Option("--off", help="Speak again at once.")] = False,
    config: Config = None,
) -> None:
    """Say nothing of one alert for a while."""
    length = _length(for_)
    with session(config) as s, s.database.write() as connection:
        state = stored.alert_states(connection).get(key)
        if state is None:
            raise UsageError(f"there is no alert {key}; see: syncer alerts")
        until = None if off else s.clock() + length
        stored.snooze(connection, state, until)
    say(f"{key}: it speaks again" if off else f"{key}: silent until {views.instant(until)}")


def _length(text: str) -> timedelta:
    try:
        return length_of(text)
    except ValueError as error:
        raise UsageError(f"--for {text} {error}") from None
