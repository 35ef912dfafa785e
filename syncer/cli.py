"""The command line: a thin door. Exit 0 done, 1 something failed, 2 usage, 78 configuration."""

from __future__ import annotations

import logging
import os
import sys
from collections import UserDict
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from config.errors import ConfigError, SyncerError, UsageError

EXIT_FAILED, EXIT_USAGE, EXIT_CONFIG = 1, 2, 78

# in the order of the help; where each is, so that a command waits for no other's libraries
COMMANDS = {
    "init": "pull:init",
    "check": "pull:check",
    "run": "keep:run",
    "sync": "pull:sync",
    "status": "pull:status",
    "balances": "look:balances",
    "events": "look:events",
    "lots": "look:lots",
    "disposals": "look:disposals",
    "income": "look:income",
    "identify": "identify:identify",
    "tax": "figures:tax",
    "report": "figures:report",
    "rebuild": "keep:rebuild",
    "backup": "keep:backup",
    "restore": "keep:restore",
    "doctor": "doctor:doctor",
    "db": "database:db",
    "demo": "keep:demo",
    "import": "importing:import_",
    "review": "decide:review",
    "reconcile": "reconcile:reconcile",
    "harvest": "harvest:harvest",
    "prices": "prices:prices",
    "alerts": "alerts:alerts",
    "settings": "settings:settings",
    "web": "web:web",
}


class _OnDemand(UserDict[str, Any]):
    def __getitem__(self, name: str) -> Any:
        return _command(name, super().__getitem__(name))


@cache
def _command(name: str, place: str) -> Any:
    module, attribute = place.split(":")
    found = getattr(import_module(f"syncer.commands.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command()(found)
        found = alone
    command = typer.main.get_command(found)
    command.name = name
    return command


class _Commands(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _OnDemand(COMMANDS)


app = typer.Typer(
    cls=_Commands,
    name="syncer",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def syncer() -> None:
    """Crypto trades and wallets to US tax lots, harvest, 1099-DA and Form 8949."""


def _log_to_stderr() -> None:
    """Our own loggers only: those of the libraries may print keys and addresses."""
    level = os.environ.get("SYNCER_LOG", "WARNING").upper()
    if level not in logging.getLevelNamesMapping():
        raise ConfigError(f"SYNCER_LOG must be DEBUG, INFO, WARNING or ERROR: {level}")
    logging.basicConfig(format="%(message)s")
    for name in ("syncer", "connectors"):
        logging.getLogger(name).setLevel(level)


def main() -> None:
    """Run a command; every expected error is one sentence and an exit code."""
    try:
        _log_to_stderr()
        app()
    except ConfigError as error:
        _complain(error, EXIT_CONFIG)
    except UsageError as error:
        _complain(error, EXIT_USAGE)
    except SyncerError as error:
        _complain(error, EXIT_FAILED)


def _complain(error: SyncerError, code: int) -> None:
    from syncer.commands.session import complain

    complain(str(error))
    sys.exit(code)


if __name__ == "__main__":
    main()
