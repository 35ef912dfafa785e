"""Whether two lines of a form can be one: told by what both state. Pure.

Another format of a form may say less of a line, or more, name the asset otherwise, and round the
units to fewer decimals.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from config.assets import names
from connectors.brokers.form_1099da import FormLine

_MAY_BE_LEFT_OUT = ("acquired", "basis", "term")
_ALIKE = ("sold", "acquired", "amount", "basis")
_DECIMALS = 8  # fewer are never a rounding of more


def counted(line: FormLine) -> tuple[object, ...]:
    """What every format of a form says of a line in the same way."""
    return (line.sold, line.amount, line.aggregate)


def is_same(one: FormLine, other: FormLine) -> bool:
    """Whether two lines say the same, where both say it."""
    if counted(one) != counted(other) or not is_same_units(one.units, other.units):
        return False
    if not is_same_asset(one, other):
        return False
    pairs = ((getattr(one, f), getattr(other, f)) for f in _MAY_BE_LEFT_OUT)
    return all(a is None or b is None or a == b for a, b in pairs)


def unequal(one: FormLine, other: FormLine) -> int:
    """In how many ways two that are the same differ all the same."""
    return sum(
        getattr(one, f) != getattr(other, f)
        for f in (*_MAY_BE_LEFT_OUT, "units", "basis_reported", "wash_sale_disallowed", "box")
    )


def is_equal(one: FormLine, other: FormLine) -> bool:
    """Whether every box says the same."""
    return all(getattr(one, f) == getattr(other, f) for f in _BOXES)


def agrees(one: FormLine, other: FormLine) -> bool:
    """Whether no box says otherwise, where both state it."""
    nothing = (None, ())
    pairs = ((getattr(one, f), getattr(other, f)) for f in _BOXES if f not in _NAMES)
    return all(a in nothing or b in nothing or a == b for a, b in pairs)


_NAMES = ("name", "code", "units")  # told otherwise by another format
_NO_BOX = ("broker", "account", "line", "corrected", "void")
_BOXES = [f for f in FormLine.__dataclass_fields__ if f not in _NO_BOX]


def in_common(one: FormLine, other: FormLine) -> int:
    """How much of units, days and dollars both state and is equal; 0 of another asset."""
    if not is_same_asset(one, other) or one.aggregate != other.aggregate:
        return 0
    pairs = ((getattr(one, f), getattr(other, f)) for f in _ALIKE)
    alike = [a is not None and a == b for a, b in pairs]
    return alike.count(True) + is_same_units(one.units, other.units)


def is_same_units(one: Decimal, other: Decimal) -> bool:
    """Equal, or one is the other rounded or cut to its own decimals, if these are eight or more."""
    if one == other:
        return True
    short, long = sorted((one, other), key=_decimals)
    if _decimals(short) < _DECIMALS:
        return False
    return any(long.quantize(short, how) == short for how in (ROUND_HALF_UP, ROUND_DOWN))


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def is_same_asset(one: FormLine, other: FormLine) -> bool:
    """By the DTIF's code where both have one, else by name, title or alias."""
    codes = [c for c in (one.code, other.code) if c and c != "9" * 9]
    if len(codes) == 2:
        return codes[0] == codes[1]
    if one.name.casefold() == other.name.casefold():
        return True
    first, second = (names().of_form([x.name, x.code or ""]) for x in (one, other))
    return first is not None and first == second
