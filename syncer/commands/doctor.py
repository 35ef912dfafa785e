"""doctor: what Syncer rests on, and a bundle for a bug report."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from config.errors import ConfigError
from connectors import notify
from syncer.bundle import write_bundle
from syncer.checking import check_sources
from syncer.commands.session import AsJson, Config, Session, print_json, print_table, say, session
from syncer.doctor import Finding, examine, sees_as, worst


def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: no exchange, no node.")
    ] = False,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Write a zip for a bug report, with nothing private.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Look at environment, clock, disk, database, keys and endpoints; exit 1 if one is wrong."""
    with session(config) as s:
        sources = () if offline else s.pipeline.sources()
        checked = asyncio.run(check_sources(sources, s.database, s.clock))
        findings = [*_channels(s), *examine(s.settings, s.path, s.database, checked, s.clock())]
        made = _write(s, findings) if bundle else None
    if as_json:
        document = {
            "findings": [asdict(f) for f in findings],
            "bundle": str(made) if made else None,
        }
        print_json({"doctor": document})
    else:
        rows = [asdict(f) for f in findings]
        print_table(f"Seen by {sees_as()}", rows, ("what", "severity", "sentence"))
        if made:
            say(f"Wrote {made}. Read it before you send it: nothing private should be in it.")
    if worst(findings) == "wrong":
        raise typer.Exit(1)


def _channels(s: Session) -> list[Finding]:
    try:
        notify.check_urls(s.settings.alerts.urls)
    except ConfigError as error:
        return [Finding("alerts", "wrong", str(error))]
    return []


def _write(s: Session, findings: list[Finding]) -> Path:
    target = Path(f"syncer-doctor-{s.clock():%Y%m%dT%H%M%SZ}.zip").absolute()
    return write_bundle(target, s.settings, s.database, findings)
