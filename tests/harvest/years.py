"""Years as they stand, for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from config.exact import ZERO
from config.tax_law import known_years, tax_year
from syncer.tax.federal import Taxpayer
from syncer.tax.netting import Carryover
from syncer.tax.outlook import Outlook, TwoYears


def outlook(year: int, brought: Carryover = Carryover(), **who: Any) -> Outlook:  # noqa: B008
    person = Taxpayer(**who)
    short, long = person.other_short_term, person.other_long_term
    return Outlook(year, person, tax_year(year), short, long, brought, ZERO)


def two_years(year: int, brought: Carryover = Carryover(), **who: Any) -> TwoYears:  # noqa: B008
    """The next year has the same ordinary income, and no gains."""
    law = tax_year(year + 1 if year + 1 in known_years() else year)
    told = {k: v for k, v in who.items() if not k.startswith("other_")}
    later = Outlook(year + 1, Taxpayer(**told), law, Decimal(0), Decimal(0), Carryover(), ZERO)
    return TwoYears(outlook(year, brought, **who), later)
