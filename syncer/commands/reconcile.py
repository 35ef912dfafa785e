"""reconcile: Form 1099-DA against the ledger, line by line, and the person's word on a line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from config.errors import UsageError
from syncer import form_views
from syncer.commands.session import (
    AsJson,
    Config,
    Session,
    Strict,
    print_json,
    print_table,
    say,
    session,
    who,
)
from syncer.pairing import Pairing
from syncer.reconcile.words import subject

Line = Annotated[str, typer.Argument(metavar="LINE", help="broker/account/year/line.")]
MOST_SHOWN = 40  # lines of a table on a terminal; --json and --all have all

reconcile = typer.Typer(
    help="Form 1099-DA against the ledger, line by line.", invoke_without_command=True
)


@reconcile.callback()
def show(
    context: typer.Context,
    year: Annotated[
        int | None, typer.Option("--year", help="The tax year.", min=2009, max=2200)
    ] = None,
    expected: Annotated[
        bool, typer.Option("--expected", help="What the forms of the year will say.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Show every line.")] = False,
    config: Config = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Form 1099-DA against the ledger, line by line."""
    if context.invoked_subcommand:
        return
    if year is None:
        raise UsageError("give the year: syncer reconcile --year 2025")
    with session(config) as s:
        books = s.pipeline.books()
        if expected:
            found = books.expected_reconciliation(year)
            row = form_views.reconciliation(found)
            row["expected"] = [form_views.expected_line(x) for x in books.expected_forms(year)]
        else:
            evidence = books.compared_with_evidence(year) if books.evidence else None
            row = form_views.reconciliation(books.reconciliation(year), evidence)
    if as_json:
        print_json({"reconcile": row})
    elif expected:
        _show_expected(row, year)
    else:
        _show(row, year, all_)
    if strict and any(g["severity"] != "info" for g in row["gaps"]):
        raise typer.Exit(1)


# ---- on a terminal


def _show(row: dict[str, Any], year: int, all_: bool) -> None:
    if not row["forms"]:
        say(f"No Form 1099-DA of {year} is imported; what it will say: --expected")
    for form in row["forms"]:
        _show_form(form)
    lines = [{**x, "differences": _flat(x["differences"])} for x in row["lines"]]
    told = lines if all_ else [x for x in lines if x["status"] != "matched"][:MOST_SHOWN]
    columns = ("form_line", "status", "box", "codes", "reasons", "differences")
    print_table("Lines" if all_ else "Lines that differ", told, columns)
    if row["gain_loss_reports"]:
        reports = [{**r, "term": r["term"] or "no basis"} for r in row["gain_loss_reports"]]
        dollars = ("proceeds_usd", "basis_usd", "gain_usd")
        told_by = ("broker", "term", "rows", *dollars, "in_ledger")
        print_table("Gain and loss reports (evidence only)", reports, told_by)
    _show_gaps(row["gaps"], all_)


def _show_form(form: dict[str, Any]) -> None:
    say(
        f"{form['broker']} {form['account']}, {form['year']}: {form['lines']} lines, "
        f"{form['matched']} matched, {form['matched_with_difference']} with a difference, "
        f"{form['missing_in_ledger']} not in the ledger"
    )
    say(
        f"  proceeds ${form['proceeds_usd']} on the form, ${form['ledger_proceeds_usd']} in the "
        f"ledger; not explained ${form['unexplained_usd']}"
        + (
            f", looks like the broker's error ${form['unconfirmed_usd']}"
            if form["unconfirmed_usd"] != "0.00"
            else ""
        )
    )
    if form["federal_tax_withheld_usd"] != "0.00":
        say(f"  tax withheld ${form['federal_tax_withheld_usd']}: Form 1040, line 25b")
    if form["reasons"]:
        print_table("  By reason", form["reasons"], ("severity", "kind", "lines", "usd"))


def _show_gaps(gaps: Sequence[dict[str, Any]], all_: bool) -> None:
    """What to do first, and each remedy once."""
    order = {"wrong": 0, "check": 1, "info": 2}
    told = sorted((g for g in gaps if all_ or g["severity"] != "info"), key=_gravity(order))
    columns = ("severity", "kind", "usd", "detail", "suggestion")
    print_table("What to do", told if all_ else told[:MOST_SHOWN], columns)
    if len(told) > MOST_SHOWN and not all_:
        say(f"{len(told) - MOST_SHOWN} more: --all")
    if (rest := sum(1 for g in gaps if g["severity"] == "info")) and not all_:
        say(f"{rest} things to know, nothing to do: --all")


def _gravity(order: dict[str, int]) -> Any:
    return lambda g: (order[g["severity"]], -abs(float(g["usd"] or 0)))


def _show_expected(row: dict[str, Any], year: int) -> None:
    columns = ("broker", "line", "asset", "quantity", "acquired_on", "disposed_on")
    money = ("proceeds_usd", "basis_usd", "term", "covered")
    print_table(f"Expected 1099-DA of {year}", row["expected"], (*columns, *money))
    _show_gaps(row["gaps"], False)


def _flat(differences: dict[str, Any]) -> list[str]:
    def text(value: Any) -> str:
        if value is None:
            return "not known"
        return value if isinstance(value, str) else " / ".join(map(str, value))

    return [f"{key} {text(value)}" for key, value in differences.items()]


# ---- a person's word


@reconcile.command("pair")
def pair(
    line: Line,
    disposals: Annotated[list[str], typer.Argument(metavar="DISPOSAL...")],
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    config: Config = None,
) -> None:
    """These disposals are what a line of the form is about."""
    with session(config) as s:
        ids = _pairing(s).pair(line, disposals, note)
        asyncio.run(s.pipeline.derive())
    say(f"{line}: paired with {', '.join(ids)}. Undo it with: syncer reconcile unpair {line}")


@reconcile.command("unpair")
def unpair(
    line: Line,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    config: Config = None,
) -> None:
    """A line is not what it was paired with: by hand, which is undone, or by itself."""
    with session(config) as s:
        ids = _pairing(s).unpair(line, note)
        asyncio.run(s.pipeline.derive())
    if ids:
        say(f"{line}: not {', '.join(ids)}. Undo it with: syncer review undo {subject(line)}")
    else:
        say(f"{line}: no longer paired by hand")


@reconcile.command("broker-error")
def broker_error(
    line: Line,
    note: Annotated[str, typer.Option(help="What is wrong, and how you know.")],
    config: Config = None,
) -> None:
    """The broker is wrong in a line: the row is corrected by code, and the record says why."""
    with session(config) as s:
        _pairing(s).broker_error(line, note)
        asyncio.run(s.pipeline.derive())
    say(f"{line}: {note}. Undo it with: syncer review undo {subject(line)}")


def _pairing(s: Session) -> Pairing:
    return Pairing(s.pipeline.books(), s.database, who(), s.clock())
