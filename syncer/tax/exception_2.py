"""Exception 2 of the Instructions for Form 8949: one row for each broker, and all of its sales on
an attached statement in the same columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from config.exact import ZERO
from syncer.tax.form_8949 import Row

SEE_STATEMENT = "see attached statement"


def summed_up(rows: Iterable[Row], broker: Callable[[str], str]) -> list[Row]:
    """A row with code M for each broker and box that has several; `broker` names an account's. Rows
    without a box or a gain stay as they are."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    found: list[Row] = []
    for row in rows:
        if row.box is None or row.gain is None:
            found.append(row)
        else:
            groups.setdefault((row.part, row.box, broker(row.account)), []).append(row)
    for (_, _, name), several in groups.items():
        found.append(several[0] if len(several) == 1 else _sum(several, name))
    return sorted(found, key=lambda r: (r.part or "~", r.box or "~", r.description))


def _sum(rows: Sequence[Row], broker: str) -> Row:
    def added(values: Iterable[Decimal | None]) -> Decimal:
        return sum((v for v in values if v is not None), ZERO)

    return replace(
        rows[0],
        description=f"{broker} {SEE_STATEMENT}",
        acquired="",
        sold="",
        proceeds=added(r.proceeds for r in rows),
        basis=added(r.basis for r in rows),
        codes="".join(sorted({"M", *(c for r in rows for c in r.codes)})),
        adjustment=added(r.adjustment for r in rows),
        gain=added(r.gain for r in rows),
        line=None,
        washed=added(r.washed for r in rows),
    )
