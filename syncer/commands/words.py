"""review decided, export, import: what a person decided, kept apart and carried along."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from config.errors import DataError, UsageError
from connectors.records import exact, instant
from syncer import views
from syncer.answering import as_kept
from syncer.commands.session import AsJson, Config, print_json, print_table, say, session
from syncer.ledger.answers import ANSWERS, NEEDS_OTHER, NEEDS_USD
from syncer.ledger.decisions import Decision
from syncer.ledger.standing import is_standing, pattern
from syncer.store import decisions

FIELDS = ("subject", "answer", "other", "basis_usd", "note", "at", "who")


def decided(config: Config = None, as_json: AsJson = False) -> None:
    """Answers in force, and who gave them when and why."""
    with session(config) as s, s.database.read() as connection:
        rows = [views.decision(d) for d in decisions.decisions(connection)]
    if as_json:
        print_json({"decisions": rows})
    else:
        print_table("Decisions", rows, FIELDS)


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; standard output if none.")] = None,
    config: Config = None,
) -> None:
    """Write the answers in force, for another database or a new one."""
    with session(config) as s, s.database.read() as connection:
        document = {"decisions": [views.decision(d) for d in decisions.decisions(connection)]}
    if file is None:
        print_json(document)
        return
    try:
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
    say(f"{file}: {len(document['decisions'])} decisions")


def import_(
    file: Annotated[Path, typer.Argument(help="What syncer review export wrote.")],
    config: Config = None,
) -> None:
    """Take answers in; those in force already are left as they are, and no other is overwritten."""
    found = _read(file)
    with session(config) as s:
        with s.database.write() as connection:
            known = {d.subject: d for d in decisions.decisions(connection)}
            differing = [
                d.subject for d in found if d.subject in known and not _same(d, known[d.subject])
            ]
            if differing:
                raise UsageError(
                    f"{differing[0]} is answered otherwise here; undo that first: "
                    f"syncer review undo {differing[0]}"
                )
            new = [d for d in found if d.subject not in known]
            for one in new:
                decisions.add_decision(connection, one, one.who or "unknown")
        asyncio.run(s.pipeline.derive())
    say(f"{file.name}: {len(found)} decisions, {len(new)} new")


def _read(file: Path) -> list[Decision]:
    """All of a file or nothing; raises UsageError that names the decision that is wrong."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["decisions"]
        return [_decision(number, row) for number, row in enumerate(rows, 1)]
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{file.name} is not what syncer review export writes") from None


def _decision(number: int, row: dict[str, Any]) -> Decision:
    subject, answer = as_kept(str(row["subject"])), str(row["answer"])
    try:
        kind = pattern(subject).kind if is_standing(subject) else subject.partition(":")[0]
        if answer not in ANSWERS.get(kind, ()):
            raise DataError(f"{answer} is no answer to {subject}")
        told, other = row.get("basis_usd"), row.get("other")
        usd = None if told is None else exact(told, "basis_usd")
        if ((kind, answer) in NEEDS_OTHER and not other) or (
            (kind, answer) in NEEDS_USD and usd is None and not is_standing(subject)
        ):
            raise DataError(f"{answer} to {subject} says too little")
        at = instant(str(row["at"]), "at")
    except DataError as error:
        raise UsageError(f"decision {number}: {error}; nothing was taken in") from None
    return Decision(subject, answer, at, other, usd, row.get("note"), row.get("who"))


def _same(one: Decision, other: Decision) -> bool:
    return (one.answer, one.other, one.basis_usd) == (other.answer, other.other, other.basis_usd)
