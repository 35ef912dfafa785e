"""web: the page's address, a link that sets its password, and the password itself."""

from __future__ import annotations

import asyncio
import sys

import typer

from config.errors import UsageError
from syncer.commands.session import AsJson, Config, print_json, say, session
from syncer.store import access

web = typer.Typer(help="The page: its address and its password.", invoke_without_command=True)


@web.callback()
def show(context: typer.Context, config: Config = None, as_json: AsJson = False) -> None:
    """Where the page is, and whether a password is set."""
    if context.invoked_subcommand:
        return
    from syncer.web.access import address_of_page

    with session(config) as s, s.database.read() as connection:
        owner = access.owner(connection)
        row = {
            "enabled": s.settings.web.enabled,
            "address": address_of_page(s.settings.web),
            "password": owner is not None,
            "second_factor": bool(owner and owner.second_factor),
            "sessions": access.count_sessions(connection),
        }
    if as_json:
        print_json({"web": row})
        return
    say(f"{row['address']} (while syncer run runs)" if row["enabled"] else "[web] enabled is off")
    if not row["password"]:
        say("No password is set: syncer web link, or syncer web password")


@web.command()
def link(config: Config = None, as_json: AsJson = False) -> None:
    """Print a link by which the password is set once, within a day; also if it is lost."""
    from syncer.web.access import LINK_HOLDS, new_link

    with session(config) as s:
        made = new_link(s.database, s.settings.web, s.clock())
    if as_json:
        print_json({"web": {"link": made}})
    else:
        say(made)
        say(f"It holds once, for {LINK_HOLDS.total_seconds() / 3600:.0f} hours.")


@web.command()
def password(config: Config = None) -> None:
    """Set the password: asked for on a terminal, else the first line of standard input."""
    from syncer.web import passwords

    if sys.stdin.isatty():
        given = str(typer.prompt("Password", hide_input=True))
        again = str(typer.prompt("The same again", hide_input=True))
    else:
        given = again = sys.stdin.readline().rstrip("\r\n")
    if trouble := passwords.why_not(given, again):
        raise UsageError(trouble)
    hashed = asyncio.run(passwords.hash_of(given))
    with session(config) as s:
        passwords.SecondFactor(s.settings.state_folder).forget()
        with s.database.write() as connection:
            access.set_owner(connection, hashed, s.clock())
    say("The password is set; log-ins and tokens of before do not hold.")
