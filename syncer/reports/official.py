"""The official PDFs of a year: Form 8949 in as many copies as the rows need, and Schedule D."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import zip_longest

from config.exact import ZERO
from config.official import Form8949, Part
from syncer.reports.blanks import Blanks
from syncer.reports.fill import Value, filled, printable, wrapped
from syncer.reports.money import Money
from syncer.tax.form_8949 import Row, sums
from syncer.tax.schedule_d import ScheduleD

_DESCRIPTION_WIDTH = 130.0  # points of column (a)
FORM_8949, SCHEDULE_D = "form-8949", "schedule-d"
Page = tuple[str, Sequence[Row]]  # a box and the rows under it


def form_8949_pdf(blanks: Blanks, rows: Iterable[Row], money: Money, name: str = "") -> bytes:
    """One box a page, so many rows a page as the year's form has; rows without a box or without a
    gain are in none."""
    form = blanks.forms.form_8949
    pages = {part: list(_pages(rows, part, form.rows)) for part in ("I", "II")}
    copies = [
        {**_page(form, "I", first, money, name), **_page(form, "II", second, money, name)}
        for first, second in zip_longest(pages["I"], pages["II"])
    ]
    return filled(blanks.form_8949, copies or [{}], FORM_8949)


def _pages(rows: Iterable[Row], part: str, most: int) -> Iterator[Page]:
    by_box: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.part == part and row.box is not None and row.gain is not None:
            by_box[row.box].append(row)
    for box, found in sorted(by_box.items()):
        for start in range(0, len(found), most):
            yield box, found[start : start + most]


def _page(
    form: Form8949, part: str, page: Page | None, money: Money, name: str
) -> dict[str, Value]:
    if page is None:
        return {}
    where, (box, rows) = form.parts[part], page
    tick, on = where.boxes[box]
    values: dict[str, Value] = {where.prefix + tick: on}
    if name:
        values[where.prefix + where.name] = printable(name)
    for number, row in enumerate(rows, 1):
        values |= dict(_row(where, number, row, money))
    for column, amount in zip("degh", sums(rows), strict=True):
        values[where.prefix + where.totals[column]] = money.printed(amount)
    return values


def _row(where: Part, number: int, row: Row, money: Money) -> Iterator[tuple[str, Value]]:
    yield where.cell(number, "a"), wrapped(printable(row.description), _DESCRIPTION_WIDTH)
    cells = {
        "b": row.acquired,
        "c": row.sold,
        "d": money.printed(row.proceeds),
        "e": money.printed(row.basis),
        "f": row.codes,
        "g": money.printed(row.adjustment) if row.codes else "",
        "h": money.printed(row.gain),
    }
    yield from ((where.cell(number, c), text) for c, text in cells.items() if text)


def schedule_d_pdf(
    blanks: Blanks, schedule: ScheduleD, answers: Mapping[str, bool], money: Money, name: str = ""
) -> bytes:
    """Lines 1a to 22. Where an amount has no line that Syncer knows, the lines that it would change
    stay empty."""
    where = blanks.forms.schedule_d
    values: dict[str, Value] = {where.name: printable(name)} if name else {}
    left_open = {"7", "15", "16", "21"} if schedule.unplaced else set()
    for line in schedule.lines:
        fields = where.lines.get(line.line)
        if fields is None or line.line in left_open:
            continue
        gain = abs(line.gain) if line.line in where.in_parentheses else line.gain
        columns = {"d": line.proceeds, "e": line.basis, "g": line.adjustment, "h": gain}
        if not any(columns.values()) and line.line not in ("7", "15", "16"):
            continue
        values |= {f: money.printed(columns[c]) for c, f in fields.items()}
    for question, yes in answers.items():
        field, on = where.questions[question]["yes" if yes else "no"]
        values[field] = on
    return filled(blanks.schedule_d, [values], SCHEDULE_D)


def schedule_d_answers(schedule: ScheduleD, qualified_dividends: Decimal) -> dict[str, bool]:
    """Lines 17, 20 and 22 as far as they follow. Line 20 is yes without a 28% or section 1250 gain,
    and where Form 4952 is not filed: a person must see to that."""
    if schedule.unplaced:
        return {}
    netting = schedule.netting
    found: dict[str, bool] = {}
    if netting.line_16 > ZERO:
        found["17"] = netting.line_15 > ZERO
    if found.get("17") and not may_be_collectibles(schedule.on_form_8949):
        found["20"] = True
    elif not found.get("17"):
        found["22"] = qualified_dividends > ZERO
    return found


def may_be_collectibles(rows: Iterable[Row]) -> list[Row]:
    """Long-term sales of NFTs, for which the 28% rate may hold (IRC 1(h)(4); Notice 2023-27)."""
    return [r for r in rows if r.is_nft and r.part == "II"]
