"""Exact numbers everywhere: 100 digits, floats refused, dollars rounded half up once.

Importing this sets the decimal context of this process: design.md, Numbers.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal

PRECISION = 100  # a chain's largest integer has 78 digits, and sums of them must stay exact
CENT = Decimal("0.01")
ZERO = Decimal(0)


def _set_context() -> None:
    for context in (decimal.DefaultContext, decimal.getcontext()):
        context.prec = PRECISION
        for signal in (decimal.FloatOperation, decimal.InvalidOperation, decimal.DivisionByZero):
            context.traps[signal] = True


_set_context()
_half_up = decimal.Context(
    prec=PRECISION, rounding=ROUND_HALF_UP, traps=[decimal.InvalidOperation]
).quantize


def units(raw: int, places: int) -> Decimal:
    """An on-chain integer divided by 10**places, exact whatever its length."""
    digits = tuple(int(d) for d in str(abs(raw)))
    return Decimal((int(raw < 0), digits, -places))


def text(number: Decimal) -> str:
    """Canonical text: no exponent, no trailing zeros, no minus zero."""
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def cents(dollars: Decimal) -> Decimal:
    """Dollars rounded half up to cents."""
    return _half_up(dollars, CENT)


def whole_dollars(dollars: Decimal) -> Decimal:
    """Dollars rounded half up, as the Instructions for Schedule D allow."""
    return dollars.quantize(Decimal(1), rounding=ROUND_HALF_UP)


def dealt(total: Decimal, weights: Iterable[Decimal], whole: Decimal) -> Iterator[Decimal]:
    """Deal `total` cents to slices by cumulative rounding, so that they add up.

    Slice k is round(total * sum to k / whole) less what was dealt before; the weights may add up
    to less than `whole`, the rest being dealt later or to nobody.
    """
    so_far, given = ZERO, ZERO
    for weight in weights:
        so_far += weight
        upto = cents(total * so_far / whole) if whole else ZERO
        yield upto - given
        given = upto
