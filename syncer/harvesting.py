"""What a harvest needs of the settings and the books: costs, rules, the year, what-ifs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from config.exact import ZERO
from config.settings import Settings
from config.tax_law import known_years, tax_year
from syncer.books import Books
from syncer.harvest.identifying import IfIdentified, if_identified
from syncer.harvest.market import Costs, Market
from syncer.harvest.opportunities import How, Scan
from syncer.harvest.opportunity import Limits, Opportunity
from syncer.harvest.ripening import Ripening, ripening
from syncer.lots.terms import WashSales
from syncer.lots.wash import WINDOW
from syncer.tax.outlook import TwoYears, YearWith


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What differs from how things are; None and empty mean that it does not.

    `more_short` and `more_long` are gains of the year that the ledger does not hold, `share` the
    part of each holding that may be sold, `rates_of` the year whose figures are used, `wash_sales`
    the day from which the law on wash sales would hold.
    """

    prices: Mapping[str, Decimal] = field(default_factory=dict)
    more_short: Decimal = ZERO
    more_long: Decimal = ZERO
    share: Decimal = Decimal(1)
    filing_status: str | None = None
    rates_of: int | None = None
    wash_sales: date | None = None


AS_IT_IS = WhatIf()


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at all holdings gives: sales with a loss, what is not for sale, what naming lots
    would give, lots near the one-year line; the year as it stands and with all of the sales."""

    now: datetime
    sales: Sequence[Opportunity]
    apart: Sequence[Opportunity]
    identified: Sequence[IfIdentified]
    ripening: Sequence[Ripening]
    before: YearWith
    after: YearWith
    notes: Sequence[str]
    sentences: Sequence[str]
    prices: Mapping[str, Market]


def look(
    books: Books,
    market: Mapping[str, Market],
    now: datetime,
    if_: WhatIf,
    sentences: Sequence[str] = (),
    scan: Scan | None = None,
) -> Found:
    """All of it at one moment. With a scan of the same books and day only what prices touch is
    computed, and not what naming lots would give."""
    how = how_of(books, now, if_)
    found = (scan or Scan(books.lots, how, now)).at(market)
    sales = [o for o in found if o.path]
    near = books.settings.harvest.near_days
    short, long = _together(sales)
    return Found(
        now,
        sales,
        [o for o in found if not o.path],
        () if scan else if_identified(books.lots, market, how, now, sales),
        ripening(books.lots, market, now, how.zone, near),
        how.taxes.now.with_gains(),
        how.taxes.now.with_gains(short, long),
        notes(books, how, now, sales, if_),
        sentences,
        market,
    )


def apart_from_each_other(sales: Iterable[Opportunity]) -> list[Opportunity]:
    """Accounts of one pool promise the same lots: one of them counts, the first."""
    taken, found = set[int](), []
    for one in sales:
        ids = {id(p.lot) for p in one.parts}
        if not ids & taken:
            taken |= ids
            found.append(one)
    return found


def _together(sales: Iterable[Opportunity]) -> tuple[Decimal, Decimal]:
    """Net gains of all sales by term."""
    found = apart_from_each_other(sales)
    return -sum((s.loss_short for s in found), ZERO), -sum((s.loss_long for s in found), ZERO)


def notes(
    books: Books,
    how: How,
    now: datetime,
    sales: Sequence[Opportunity],
    if_: WhatIf = AS_IT_IS,
) -> list[str]:
    """What a person must know of the figures, each in a sentence."""
    year, law = now.astimezone(how.zone).year, how.taxes.later.law.year
    found = [f"{year} is not complete: {reason}" for reason in books.incomplete(year)]
    if law != year + 1:
        found.append(f"the figures of {year + 1} are not known: its tax is worked out by {law}'s")
    if year not in known_years() and how.taxes.now.who.ordinary_income is None:
        newest = known_years()[-1]
        found.append(f"there are no figures for {year}: no tax without --rates-of {newest}")
    elif how.taxes.now.who.ordinary_income is None:
        found.append("tell [taxpayer] ordinary_income, so that the tax can be worked out")
    if unheld := sorted(if_.prices.keys() - {lot.asset for lot in books.lots}):
        found.append(f"no account holds {', '.join(unheld)}: a price of it changes nothing")
    if any(s.wash_sale_buys for s in sales):
        found.append(WASH_SALES)
    return found


WASH_SALES = (
    "some were bought in the last 30 days: IRC 1091 names stock and securities, not coins; "
    "[wash_sale] says whether their losses are marked or disallowed"
)


def how_of(books: Books, now: datetime, if_: WhatIf = AS_IT_IS) -> How:
    """Raises UsageError for the rates of a year without figures."""
    settings = books.settings
    recent = books.shelf.purchases(now - WINDOW - timedelta(days=1), now)
    return How(
        taxes=_taxes(books, now.astimezone(settings.zone).year, if_),
        zone=settings.zone,
        limits=_limits(settings),
        rules=books.rules_at(now),
        named=books.named_at(now),
        costs=_costs(settings),
        bought=frozenset(e.event_id for e in recent),
        wash_sales=_wash_sales(settings, if_),
        locked=frozenset(settings.harvest.locked),
        unsellable=frozenset(settings.harvest.unsellable),
    )


def _taxes(books: Books, year: int, if_: WhatIf) -> TwoYears:
    taxes = books.two_years(year, None if if_.rates_of is None else tax_year(if_.rates_of))
    now = taxes.now
    if if_.filing_status is not None:
        now = replace(now, who=replace(now.who, filing_status=if_.filing_status))
        later = replace(taxes.later.who, filing_status=if_.filing_status)
        taxes = replace(taxes, later=replace(taxes.later, who=later))
    return replace(taxes, now=now.moved(if_.more_short, if_.more_long))


def _limits(settings: Settings) -> Limits:
    told = settings.harvest
    return Limits(told.min_loss_usd, told.min_loss_percent, told.min_benefit_usd)


def _costs(settings: Settings) -> Callable[[str], Costs]:
    """By account: its own settings, else those of `[harvest]`."""
    told = settings.harvest
    usual = Costs(told.fee_percent, told.spread_percent, told.min_sale_usd)
    own = {
        a.name: Costs(
            usual.fee_percent if a.fee_percent is None else a.fee_percent,
            usual.spread_percent if a.spread_percent is None else a.spread_percent,
            usual.min_sale if a.min_sale_usd is None else a.min_sale_usd,
        )
        for a in settings.account
    }
    return lambda account: own.get(account, usual)


def _wash_sales(settings: Settings, if_: WhatIf) -> WashSales | None:
    if if_.wash_sales is not None:
        return WashSales("enforce", if_.wash_sales)
    told = settings.wash_sale
    return None if told.mode == "off" else WashSales(told.mode, told.from_)
