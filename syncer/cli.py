"""The command line: a thin door. Exit 0 done, 1 something failed, 2 usage, 78 configuration."""

from __future__ import annotations

import logging
import os
import sys

import typer

from config.errors import ConfigError, SyncerError, UsageError
from syncer.commands import (
    alerts,
    decide,
    figures,
    harvest,
    identify,
    importing,
    keep,
    look,
    prices,
    pull,
    reconcile,
)
from syncer.commands.session import complain

EXIT_FAILED, EXIT_USAGE, EXIT_CONFIG = 1, 2, 78

app = typer.Typer(
    name="syncer",
    help="Crypto trades and wallets to US tax lots, harvest, 1099-DA and Form 8949.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    pull.init,
    pull.check,
    keep.run,
    pull.sync,
    pull.status,
    look.balances,
    look.events,
    look.lots,
    look.disposals,
    look.income,
    identify.identify,
    figures.tax,
    figures.report,
    keep.rebuild,
    keep.backup,
    keep.demo,
):
    app.command()(command)
app.command("import")(importing.import_)
app.add_typer(decide.review, name="review")
app.add_typer(reconcile.reconcile, name="reconcile")
app.add_typer(harvest.harvest, name="harvest")
app.add_typer(prices.prices, name="prices")
app.add_typer(alerts.alerts, name="alerts")


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
        complain(str(error))
        sys.exit(EXIT_CONFIG)
    except UsageError as error:
        complain(str(error))
        sys.exit(EXIT_USAGE)
    except SyncerError as error:
        complain(str(error))
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
