"""Harvest on a terminal: what to look at first, and the year before and after."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rich.table import Table
from rich.text import Text

from config.exact import ZERO
from syncer.commands.session import console, print_table, say

_COLUMNS = (
    ("asset", "left"), ("account", "left"), ("quantity", "right"), ("short", "right"),
    ("long", "right"), ("%", "right"), ("tax saved", "right"), ("cost", "right"), ("net", "right"),
    ("to long", "right"), ("bought <30d", "right"), ("price", "right"), ("age", "right"),
)  # fmt: skip
_WHY = {
    "no_price": "no price",
    "locked": "locked ([harvest] locked)",
    "unsellable": "cannot be sold ([harvest] unsellable)",
    "dust": "less than the smallest sale",
    "in_transit": "on its way between accounts",
    "basis_not_known": "a basis is not known: see syncer review",
    "worthless_needs_a_sale": "worthless is no loss by itself: a sale or exchange is needed "
    "(CCA 202302011)",
}


def show(document: dict[str, Any]) -> None:
    rows = document["harvest"]
    told = [r for r in rows if not _is_small(r)]
    small = [r for r in rows if _is_small(r)]
    _show_sales("Losses to take", told)
    if small:
        _show_sales("Below the thresholds of [harvest]", small)
    _show_identified(document["if_identified"])
    _show_near(document["near_long_term"])
    _show_apart(document["not_for_sale"])
    if rows:
        _show_year(document["before"], document["after"])
    _show_notes(document["notes"])


def show_plan(row: dict[str, Any]) -> None:
    _show_sales(f"Plan: {row['goal']}", row["sales"], alone=False)
    if row["sales"]:
        say(
            f"All together: tax saved ${row['tax_saved_usd']}, cost ${row['cost_usd']}, net "
            f"${row['net_benefit_usd']}; later tax on the lower basis ${row['later_tax_usd']}"
        )
    _show_apart(row["not_for_sale"])
    _show_year(row["before"], row["after"])
    _show_notes(row["notes"])


def _is_small(row: dict[str, Any]) -> bool:
    return any(r.startswith("below_") for r in row["reasons"])


def _show_sales(title: str, rows: list[dict[str, Any]], alone: bool = True) -> None:
    if not rows:
        say(f"{title}: none")
        return
    table = Table(title=Text(f"{title} ({len(rows)})"), title_justify="left")
    columns = [c for c in _COLUMNS if alone or c[0] not in ("tax saved", "net")]
    for name, side in columns:
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    for row in rows:
        cells = _cells(row)
        table.add_row(*(cells[name] for name, _ in columns))
    sums = _sums(rows)
    table.add_section()
    table.add_row(*(sums.get(name, Text("")) for name, _ in columns))
    console().print(table)


def _cells(row: dict[str, Any]) -> dict[str, Text]:
    return {
        "asset": Text(row["asset"].replace("\n", " ")),
        "account": Text(row["account"].replace("\n", " ")),
        "quantity": Text(row["quantity"]),
        "short": _loss(row["loss_short_usd"]),
        "long": _loss(row["loss_long_usd"]),
        "%": Text(row["loss_percent"]),
        "tax saved": Text(row["tax_saved_usd"] or "-"),
        "cost": Text(row["cost_usd"]),
        "net": _net(row["net_benefit_usd"]),
        "to long": Text(_unit(row["days_to_long_term"], "d")),
        "bought <30d": Text(str(len(row["wash_sale_buys"]) or "")),
        "price": Text(row["price"] or "-"),
        "age": Text(_unit(row["price_age_minutes"], "min")),
    }


def _loss(text: str) -> Text:
    amount = Decimal(text)
    return Text(f"{-amount:,.2f}" if amount else "", style="red" if amount > ZERO else "green")


def _net(text: str | None) -> Text:
    return Text("-") if text is None else Text(text, style="bold" if Decimal(text) > ZERO else "")


def _unit(number: int | None, unit: str) -> str:
    return "" if number is None else f"{number} {unit}"


def _sums(rows: list[dict[str, Any]]) -> dict[str, Text]:
    taken, apart = set[str](), []
    for row in rows:  # accounts of one pool promise the same lots: they count once
        ids = {lot["lot_id"] for lot in row["lots"]}
        if not ids & taken:
            taken |= ids
            apart.append(row)

    def sum_of(key: str) -> Decimal:
        return sum((Decimal(r[key] or 0) for r in apart), ZERO)

    return {
        "asset": Text("each alone", style="dim"),
        "short": _loss(str(sum_of("loss_short_usd"))),
        "long": _loss(str(sum_of("loss_long_usd"))),
        "cost": Text(f"{sum_of('cost_usd'):.2f}"),
    }


def _show_identified(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        say(
            f"{row['asset']} at {row['account']}: lots named before the sale would save "
            f"${row['net_benefit_usd']} instead of ${row['instead_usd']}. Record them first:"
        )
        say(f"  {row['command']}")


def _show_near(rows: list[dict[str, Any]]) -> None:
    shown = [
        {**r, "then": "the loss turns long-term" if r["gain_usd"][0] == "-" else "the gain ripens"}
        for r in rows
    ]
    if shown:
        columns = ("account", "asset", "quantity", "gain_usd", "long_term_on", "days", "then")
        print_table("Near the one-year line", shown, columns)


def _show_apart(rows: list[dict[str, Any]]) -> None:
    shown = [{**r, "why": "; ".join(_WHY.get(x, x) for x in r["reasons"])} for r in rows]
    if shown:
        columns = ("account", "asset", "quantity", "basis_usd", "value_usd", "why")
        print_table("Not for sale", shown, columns)


def _show_year(before: dict[str, Any], after: dict[str, Any]) -> None:
    lines = (
        ("line 7, net short-term", "line_7_usd"),
        ("line 15, net long-term", "line_15_usd"),
        ("line 16, net", "net_usd"),
        ("line 21, loss that counts", "deductible_usd"),
        ("carried over, short", "carryover_short_usd"),
        ("carried over, long", "carryover_long_usd"),
        ("federal tax", "federal_tax_usd"),
        ("state tax", "state_tax_usd"),
    )
    rows = [{"schedule d": n, "before_usd": before[k], "after_usd": after[k]} for n, k in lines]
    print_table("The year", rows, ("schedule d", "before_usd", "after_usd"))


def _show_notes(notes: list[str]) -> None:
    for note in notes:
        say(f"Note: {note}")
    say("Figures by brackets, not tax advice; nothing here says that you should sell.")
