"""reconcile: Form 1099-DA against the ledger, line by line, and the person's word on a line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from config.errors import UsageError
from config.exact import ZERO
from connectors.brokers.form_1099da import FormLine
from syncer import form_views
from syncer.books import Books
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
from syncer.ledger.decisions import Decision
from syncer.lots.model import Disposal
from syncer.reconcile.candidates import is_same_asset
from syncer.reconcile.model import Word
from syncer.reconcile.words import APART, BROKER_ERROR, PAIR, subject, told, words_of
from syncer.store import decisions
from syncer.tax.year import TAXABLE

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
        books = s.pipeline.books()
        found = _line(books, line)
        slices = _slices(books, found.year, disposals)
        known = {i for d in slices for i in (d.disposal_id, d.event_id)}
        if strange := next((d for d in disposals if d not in known), None):
            raise UsageError(
                f"there is no disposal {strange} in {found.year}; see: "
                f"syncer disposals --year {found.year} --json"
            )
        if other := next((d for d in slices if not is_same_asset(found, d.asset)), None):
            raise UsageError(f"{other.disposal_id} is of {other.asset}, not of {found.name}")
        ids = [d.disposal_id for d in slices]
        _check_free(books, found, slices)
        _decide(s, line, PAIR, Word(tuple(ids)), note)
    say(f"{line}: paired with {', '.join(ids)}. Undo it with: syncer reconcile unpair {line}")


def _slices(books: Books, year: int, disposals: Sequence[str]) -> list[Disposal]:
    """Disposals by their ids; an event's id means all of its slices."""
    wanted = set(disposals)
    near = (*books.disposals_in(year), *books.at_new_year(year))
    taxable = (d for d in near if d.kind in TAXABLE)
    return [d for d in taxable if {d.disposal_id, d.event_id} & wanted]


@reconcile.command("unpair")
def unpair(
    line: Line,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    config: Config = None,
) -> None:
    """A line is not what it was paired with: by hand, which is undone, or by itself."""
    with session(config) as s:
        books = s.pipeline.books()
        found = _line(books, line)
        key = subject(line)
        mine = next((d for d in books.decisions if d.subject == key), None)
        if mine is not None and mine.answer == PAIR:
            with s.database.write() as connection:
                decisions.undo_decision(connection, key, who(), s.clock())
            asyncio.run(s.pipeline.derive())
            say(f"{line}: no longer paired by hand")
            return
        results = {x.line.key: x for x in books.reconciliation(found.year).lines}
        ids = list(dict.fromkeys(p.slice.disposal_id for p in results[line].pieces))
        if not ids:
            raise UsageError(f"{line} is paired with nothing")
        before = words_of(books.decisions).get(line, Word())
        _decide(s, line, APART, Word(apart=before.apart | frozenset(ids)), note)
    say(f"{line}: not {', '.join(ids)}. Undo it with: syncer review undo {key}")


@reconcile.command("broker-error")
def broker_error(
    line: Line,
    note: Annotated[str, typer.Option(help="What is wrong, and how you know.")],
    config: Config = None,
) -> None:
    """The broker is wrong in a line: the row is corrected by code, and the record says why."""
    with session(config) as s:
        books = s.pipeline.books()
        found = _line(books, line)
        results = {x.line.key: x for x in books.reconciliation(found.year).lines}
        open_ = (r for r in results[line].reasons if r.kind in ("unexplained", "broker_error"))
        if all(r.told for r in open_):
            raise UsageError(f"{line} has nothing that is not explained")
        before = words_of(books.decisions).get(line, Word())
        _decide(s, line, BROKER_ERROR, before, note)
    say(f"{line}: {note}. Undo it with: syncer review undo {subject(line)}")


def _line(books: Books, key: str) -> FormLine:
    found = next((f for f in books.forms if f.key == key), None)
    if found is None:
        raise UsageError(f"there is no form line {key}; see: syncer reconcile --year YEAR --all")
    return found


def _check_free(books: Books, line: FormLine, slices: Sequence[Disposal]) -> None:
    """Raises UsageError if other lines are paired with some of these, unless they are together what
    these units are."""
    ids = {d.disposal_id for d in slices}
    lines = {f.key: f for f in books.forms}
    units = line.units
    for key, word in words_of(books.decisions).items():
        if key != line.key and key in lines and ids & set(word.pair):
            units += lines[key].units
            if set(word.pair) != ids or units > sum((d.quantity for d in slices), ZERO):
                raise UsageError(f"{key} is paired with it already: syncer reconcile unpair {key}")


def _decide(s: Session, line: str, answer: str, word: Word, note: str | None) -> None:
    with s.database.write() as connection:
        made = Decision(subject(line), answer, s.clock(), told(word), None, note)
        decisions.add_decision(connection, made, who())
    asyncio.run(s.pipeline.derive())
