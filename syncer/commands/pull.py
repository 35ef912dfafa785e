"""init, check, sync, status: getting what is outside into the books."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar
from rich.progress import (
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from config.errors import ConfigError, UsageError
from connectors import notify
from syncer.checking import check_sources
from syncer.commands.session import (
    AsJson,
    Config,
    Session,
    Strict,
    complain,
    console,
    print_json,
    print_table,
    say,
    session,
)
from syncer.ingest.proof import Proof
from syncer.ingest.pull import Again, Progress, PullResult, Reached
from syncer.status import status as status_document
from syncer.written import parse_day


def init(config: Config = None) -> None:
    """Write a commented syncer.toml."""
    path = config or Path("syncer.toml")
    if path.exists():
        raise UsageError(f"{path} exists; it is left as it is")
    text = files("config").joinpath("syncer.example.toml").read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    say(f"Wrote {path}. Edit it, then run: syncer check --config {path}")


def check(config: Config = None, as_json: AsJson = False) -> None:
    """Check settings, keys' permissions and reach."""
    with session(config) as s:
        notify.check_urls(s.settings.alerts.urls)
        found = asyncio.run(check_sources(s.pipeline.sources(), s.database, s.clock))
        rows = [asdict(one) for one in found]
        if as_json:
            print_json({"check": {"settings": str(s.path), "sources": rows}})
        else:
            say(f"Settings: {s.path or 'none found, defaults are used'} (valid)")
            say(f"Database: {s.database.name}")
            print_table("Sources", rows, ("name", "state", "permissions", "warnings"))
    states = {row["state"] for row in rows}
    if "bad key settings" in states:
        raise typer.Exit(78)
    if states - {"ok"}:
        raise typer.Exit(1)


def sync(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Sources or accounts; all if none.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Read again from this day on.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Pull all or some sources once, then derive."""
    with session(config) as s:
        start = (
            datetime.combine(parse_day(since), datetime.min.time(), s.settings.zone)
            if since
            else None
        )
        with _progress(quiet=as_json) as progress:
            work = _sync(s, sources or [], Again(full, start), progress)
            results, sentences = asyncio.run(work)
        sentences += _unreadable(s, {r.source for r in results})
        _show_sync(results, sentences, as_json)
    if sentences or any(r.sentence for r in results):
        raise typer.Exit(1)


def _unreadable(s: Session, pulled: set[str]) -> list[str]:
    """The records of these sources that are set aside."""
    return [
        f"{p.source} {p.stream} {p.native_id}: {p.sentence}; the record is kept and set aside"
        for p in s.pipeline.books().problems
        if p.source in pulled
    ]


async def _sync(
    s: Session, wanted: list[str], again: Again, progress: Progress
) -> tuple[list[PullResult], list[str]]:
    results = await s.pipeline.pull(wanted, again, progress)
    return results, await s.pipeline.derive()


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    """Rows, the date reached and what is left of the stream, per source, on a terminal only."""
    out = console()
    left = (TaskProgressColumn(), TimeRemainingColumn())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), *left, TimeElapsedColumn())
    with Bar(*columns, console=out, transient=True, disable=quiet or not out.is_terminal) as bar:
        tasks: dict[str, tuple[str, TaskID]] = {}

        def show(reached: Reached) -> None:
            stream, task = tasks.get(reached.source, ("", TaskID(0)))
            if stream != reached.stream:  # the estimate is of one stream
                if stream:
                    bar.remove_task(task)
                task = bar.add_task(reached.source, total=1.0)
                tasks[reached.source] = (reached.stream, task)
            back_to = f", at {reached.back_to:%Y-%m-%d}" if reached.back_to else ""
            told = f"{reached.source}: {reached.new} new records, {reached.stream}{back_to}"
            bar.update(task, description=told, completed=reached.share)

        yield show


def _show_sync(results: list[PullResult], sentences: list[str], as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "source": r.source,
                "new_records": r.new_records,
                "balance_gaps": r.proof.gaps if r.proof else None,
                "unproved": list(r.proof.unproved) if r.proof else [],
                "warnings": list(r.warnings),
                "problem": r.sentence,
            }
            for r in results
        ]
        print_json({"sync": {"sources": rows, "problems": sentences}})
        return
    for result in results:
        _show_pull(result)
    for sentence in sentences:
        complain(sentence)


def _proof_text(proof: Proof | None) -> str:
    if proof is None or proof.unread:
        return "balances not proved, records are set aside"
    if proof.gaps:
        return f"{proof.gaps} balance gaps"
    apart = f" but for {', '.join(proof.unproved)}" if proof.unproved else ""
    return f"balances proved{apart}"


def _show_pull(result: PullResult) -> None:
    if result.sentence:
        complain(f"{result.source}: {result.new_records} new records, then: {result.sentence}")
        return
    say(f"{result.source}: {result.new_records} new records, {_proof_text(result.proof)}")
    for warning in result.warnings:
        say(f"  note: {warning}")


def status(config: Config = None, as_json: AsJson = False, strict: Strict = False) -> None:
    """Freshness, gaps, open problems."""
    with session(config) as s:
        document = status_document(s.database, s.settings, s.pipeline.books())
    if as_json:
        print_json({"status": document})
    else:
        print_table(
            "Sources", document["sources"], ("name", "last_success_at", "records", "problems")
        )
        print_table("Accounts", document["accounts"], ("name", "first_at", "last_at"))
        gaps = [g for source in document["sources"] for g in source["balance_gaps"]]
        print_table("Balance gaps", gaps, ("account", "asset", "difference", "since", "causes"))
        for source in document["sources"]:
            if source["note"]:
                say(f"{source['name']}: {source['note']}")
        print_table(
            "Jobs", document["jobs"], ("name", "last_succeeded_at", "next_due_at", "sentence")
        )
        say(f"Undecided: ${document['undecided_usd']} in {document['review_items']} review items")
    open_ = any(x["problems"] or x["balance_gaps"] for x in document["sources"])
    if strict and (open_ or document["review_items"]):
        raise typer.Exit(1)
