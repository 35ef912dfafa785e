"""tax, report: what follows for the year."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from syncer import views
from syncer.commands.session import (
    AsJson,
    Config,
    Strict,
    Year,
    complain,
    console,
    print_json,
    print_table,
    say,
    session,
)
from syncer.reports.blanks import downloaded
from syncer.reports.papers import write_papers
from syncer.reports.year import Wanted
from syncer.written import told_prices, told_share


def tax(
    year: Year,
    compare: Annotated[
        bool, typer.Option("--compare", help="Under each lot method, the year and a sale today.")
    ] = False,
    price: Annotated[list[str] | None, typer.Option(help="What if, as ASSET=DOLLARS.")] = None,
    sell: Annotated[
        str, typer.Option(help="The part of each holding that the sale today sells.")
    ] = "0.5",
    config: Config = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """A year netted, with what carries over and the tax; under each lot method with --compare."""
    sentences: list[str] = []
    with session(config) as s:
        row = views.tax(s.pipeline.books(), year)
        if compare:
            share, given = told_share(sell), told_prices(price or [])
            years, sales, sentences = asyncio.run(s.pipeline.compare(year, given, share))
            row["compare"] = views.comparison(years, sales)
    if as_json:
        print_json({"tax": row})
    else:
        _show_tax(row)
        if compare:
            _show_comparison(row)
    for sentence in sentences:
        complain(sentence)
    if sentences or (strict and row["incomplete"]):
        raise typer.Exit(1)


def _show_comparison(row: dict[str, Any]) -> None:
    figures = ("method", "short_term_usd", "long_term_usd", "net_usd", "federal_tax_usd")
    title = f"{row['year']} under each method, earlier years as they were"
    print_table(title, row["compare"]["year"], (*figures, "allowed", "why"))
    sale = ("account", "asset", "method", "quantity", "price", "gain_short_usd", "gain_long_usd")
    print_table("A sale today", row["compare"]["today"], (*sale, "tax_usd", "allowed", "why"))


def _show_tax(row: dict[str, Any]) -> None:
    if row["incomplete"]:
        say(f"{row['year']} is INCOMPLETE: {'; '.join(row['incomplete_reasons'])}")
    lines = [
        ("short-term gain", "short_term_usd"),
        ("long-term gain", "long_term_usd"),
        ("brought in, short", "brought_short_usd"),
        ("brought in, long", "brought_long_usd"),
        ("net", "net_usd"),
        ("deductible loss", "deductible_usd"),
        ("carried over, short", "carryover_short_usd"),
        ("carried over, long", "carryover_long_usd"),
        ("ordinary income in the ledger", "ordinary_income_usd"),
        ("federal tax", "federal_tax_usd"),
        ("state tax", "state_tax_usd"),
        ("undecided", "undecided_usd"),
    ]
    table = [{"figure": label, "usd": row[key]} for label, key in lines]
    title = f"Tax {row['year']}, filing {row['filing_status']}, dates in {row['time_zone']}"
    print_table(title, table, ("figure", "usd"))
    if attested := row["identifications"]["attested"]:
        say(f"{attested} rows rest on identifications that are attested, not proved.")
    if row["federal_tax_usd"] is None:
        say("Set [taxpayer] ordinary_income to see the tax.")


def report(
    year: Year,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")],
    without_forms: Annotated[
        bool, typer.Option("--without-forms", help="Box I or L for awaited forms.")
    ] = False,
    forms: Annotated[
        Path | None, typer.Option("--forms", help="The folder of the blank official PDFs.")
    ] = None,
    download_forms: Annotated[
        bool, typer.Option("--download-forms", help="Get the blank PDFs from irs.gov.")
    ] = False,
    name: Annotated[str, typer.Option("--name", help="As on the return, for the PDFs.")] = "",
    config: Config = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Form 8949, Schedule D, the summary and all other papers of a year, and the audit bundle."""
    get = downloaded if download_forms else None
    with session(config) as s:
        wanted = Wanted(without_forms, forms, get, name)
        with console().status("writing the papers"):
            papers = write_papers(s.pipeline.books(), s.database, year, out, wanted)
    if as_json:
        print_json(
            {
                "report": {
                    "files": [str(f) for f in papers.files],
                    "warnings": list(papers.gaps),
                    "notes": list(papers.notes),
                }
            }
        )
    else:
        for gap in papers.gaps:
            say(f"Know first: {gap}")
        for note in papers.notes:
            say(f"Note: {note}")
        for file in papers.files:
            say(f"Wrote {file}")
    if strict and papers.gaps:
        raise typer.Exit(1)
