"""The books of a person at one moment: what is stored, and every figure that follows from it.

Reads once, computes purely; the command line, the service and the reports ask here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from config.exact import ZERO
from config.settings import Settings
from config.tax_law import TaxYear, known_years, tax_year
from connectors.brokers import form_1099da, gain_loss
from connectors.brokers.form_1099da import FormLine, order_of_number
from connectors.files import allocation
from connectors.records import Problem
from syncer.completeness import incomplete, is_beside
from syncer.events import Event
from syncer.ledger.decisions import Decision
from syncer.ledger.review import Item, likely, queue, undecided
from syncer.lots.changeover import UNALLOCATED
from syncer.lots.holding_period import Calendar, midnight
from syncer.lots.identification import in_force, must_be_told
from syncer.lots.model import Disposal, Lot
from syncer.lots.terms import NamedLot, SaleIdentification, StandingOrder
from syncer.reconcile.expected import expected_forms
from syncer.reconcile.facts import facts
from syncer.reconcile.model import Facts, Place, Reconciliation
from syncer.reconcile.reconcile import reconcile
from syncer.reconcile.words import words_of
from syncer.shelf import Shelf
from syncer.store import decisions, derivation, derived, identifications, records
from syncer.store.database import Database
from syncer.store.derivation import Derivation
from syncer.store.shelf import StoredShelf
from syncer.store.tables import BalanceRow
from syncer.tax.federal import Taxpayer, taxable_income
from syncer.tax.form_8949 import Row, rows
from syncer.tax.netting import Carryover, Worksheet, carryover_worksheet
from syncer.tax.outlook import Outlook, TwoYears
from syncer.tax.schedule_d import ScheduleD, schedule_d
from syncer.tax.year import TAXABLE, Income, TaxResult, Years, in_year, incomes
from syncer.taxpayer import taxpayer_in
from syncer.unledgered import allocation_needed, balance_gap, new_account


@dataclass(frozen=True)
class Books:
    """One consistent reading of the database."""

    settings: Settings
    shelf: Shelf
    decisions: Sequence[Decision]
    orders: Sequence[StandingOrder]
    sales: Sequence[SaleIdentification]
    balances: Sequence[BalanceRow]
    problems: Sequence[Problem]
    forms: Sequence[FormLine]
    evidence: Sequence[FormLine]  # rows of brokers' gain and loss reports
    allocated: frozenset[str]  # assets with an allocation of what was left on 2025-01-01
    derived_from: Derivation | None = None  # what the derived rows follow from

    @property
    def events(self) -> Sequence[Event]:
        return self.shelf.events

    @property
    def lots(self) -> Sequence[Lot]:
        return self.shelf.lots

    # ---- review

    @cached_property
    def review(self) -> list[Item]:
        shelf = self.shelf
        return queue(shelf.questions, shelf.open_disposals, self.decisions, self._found_elsewhere())

    @cached_property
    def likely(self) -> list[Item]:
        """What applies without a proof."""
        return likely(self.shelf.unproved)

    @property
    def undecided_usd(self) -> Decimal:
        return undecided(self.review)

    def _found_elsewhere(self) -> list[Item]:
        items = [balance_gap(b) for b in self.balances if b.reported != b.computed]
        known = {a.name for a in self.settings.account}
        strangers = self.shelf.accounts - known
        items += [
            allocation_needed(asset, units, asset in self.allocated)
            for asset, units in self._unallocated()
        ]
        return items + [new_account(name) for name in sorted(strangers)]

    def _unallocated(self) -> list[tuple[str, Decimal]]:
        """Assets whose lots of before 2025 are not allocated, with how many units."""
        found: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for lot in self.lots:
            if lot.unallocated:
                found[lot.asset] += lot.quantity
        for one in self.shelf.open_disposals:
            if UNALLOCATED in one.gaps:
                found[one.asset] += one.quantity
        return sorted(found.items())

    # ---- years

    @property
    def _zone(self) -> ZoneInfo:
        return self.settings.zone

    def disposals_in(self, year: int) -> list[Disposal]:
        """Disposals of a tax year, in order of time."""
        if year not in self._by_year:
            start, end = (midnight(date(y, 1, 1), self._zone) for y in (year, year + 1))
            self._by_year[year] = list(self.shelf.disposals_between(start, end))
        return self._by_year[year]

    @cached_property
    def _by_year(self) -> dict[int, list[Disposal]]:
        return {}

    @cached_property
    def incomes(self) -> list[Income]:
        return incomes(self.shelf.income, self._zone)

    def incomes_in(self, year: int) -> list[Income]:
        return [i for i in self.incomes if i.received_on.year == year]

    @cached_property
    def years(self) -> Years:
        income: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for row in self.incomes:
            income[row.received_on.year] += row.usd or ZERO
        start = self.settings.taxpayer.carryover_year
        told = self.settings.taxpayer.in_year(start) if start is not None else {}
        return Years(
            gains=self._gains(),
            income=income,
            who=partial(taxpayer_in, self.settings),  # not of self: nothing keeps books longer
            law=tax_year,
            limit=lambda status: tax_year(known_years()[0]).loss_limit[status],
            start=start,
            brought=Carryover(told.get("carryover_short", ZERO), told.get("carryover_long", ZERO)),
            told=self.settings.taxpayer.years,
        )

    def _gains(self) -> Mapping[int, tuple[Decimal, Decimal]]:
        """(short, long) by year. Where there are forms, as Form 8949 has them: a form may disallow
        a loss (boxes 1i and 5), or say more than the ledger with nothing that explains it."""
        gains = dict(self.shelf.gains)
        for year in {f.year for f in self.forms} & set(gains):
            sums = {"I": ZERO, "II": ZERO}
            for row in self.form_8949(year):
                if row.gain is not None:
                    sums[row.part] += row.gain
            gains[year] = sums["I"], sums["II"]
        return gains

    def taxpayer(self, year: int) -> Taxpayer:
        return taxpayer_in(self.settings, year)

    # ---- identification

    def order_for(self, account: str, asset: str, at: datetime) -> StandingOrder | None:
        """The standing order that would bind a sale at an instant."""
        brokers = {a.name for a in self.settings.account if a.broker}
        told = must_be_told(account, at, brokers, Calendar(self._zone))
        return in_force(self.orders, account, asset, at, told)

    def rules_at(self, now: datetime) -> Mapping[tuple[str, str], str]:
        """By (account, asset) of open lots: the rule of the order that would bind."""
        places = {(lot.account, lot.asset) for lot in self.lots}
        found = {place: self.order_for(*place, now) for place in places}
        return {place: order.rule for place, order in found.items() if order}

    def named_at(self, now: datetime) -> Mapping[tuple[str, str], Sequence[NamedLot]]:
        """By (account, asset): the lots that a record in force gives to the next sale. One whose
        sale has happened is spent, and from 2027 on the broker must have been told."""
        brokers = {a.name for a in self.settings.account if a.broker}
        found: dict[tuple[str, str], Sequence[NamedLot]] = {}
        for one in sorted(self.sales, key=lambda s: (s.recorded_at, s.number)):
            told = must_be_told(one.account, now, brokers, Calendar(self._zone))
            unheard = told and (one.given_to_broker_at is None or one.given_to_broker_at > now)
            if one.recorded_at <= now <= one.before and not unheard and not self._is_spent(one):
                found[one.account, one.asset] = one.lots
        return found

    def _is_spent(self, one: SaleIdentification) -> bool:
        until = one.before + timedelta.resolution
        since = self.shelf.disposals_between(one.recorded_at, until)
        mine = (d for d in since if (d.account, d.asset) == (one.account, one.asset))
        return any(d.kind not in ("fee", "fee_withheld") for d in mine)

    def close(self) -> None:
        """Let go of the moment that was read; what was not read before cannot be read any more."""
        self.shelf.close()

    def tax(self, year: int) -> TaxResult:
        return self.years.result(year)

    def outlook(self, year: int, law: TaxYear | None = None) -> Outlook:
        """A year as it stands, to ask what more gains would do to it. `law` takes the place of the
        year's own figures; where there are none no tax is worked out."""
        who, known = self.taxpayer(year), known_years()
        if law is None and year not in known:
            law, who = tax_year(known[-1]), replace(who, ordinary_income=None)
        figures = law or tax_year(year)
        at = replace(self.years, law=lambda _: figures).result(year)
        return Outlook(year, who, figures, at.short_term, at.long_term, at.brought, at.income)

    def two_years(self, year: int, rates: TaxYear | None = None) -> TwoYears:
        """A year (with the rates of another, if wanted) and the next, for which the newest law
        stands in until its own is known."""
        known = known_years()
        law = tax_year(min(year + 1, known[-1]) if year + 1 >= known[0] else known[0])
        who = self.taxpayer(year + 1)
        others = (who.other_short_term, who.other_long_term)
        later = Outlook(year + 1, who, law, *others, Carryover(), ZERO)
        return TwoYears(self.outlook(year, rates), later)

    # ---- forms

    def forms_in(self, year: int) -> list[FormLine]:
        return [f for f in self.forms if f.year == year]

    def reconciliation(self, year: int) -> Reconciliation:
        """The year's forms against the year's disposals."""
        if year not in self._reconciled:
            self._reconciled[year] = self._reconcile(year, self.forms_in(year))
        return self._reconciled[year]

    def compared_with_evidence(self, year: int) -> Reconciliation:
        """The year's disposals against brokers' gain and loss reports: for what these show only."""
        return self._reconcile(year, [e for e in self.evidence if e.year == year])

    def expected_forms(self, year: int) -> list[FormLine]:
        """What brokers' forms of the year will say, by their own lot rule."""
        disposals = self.disposals_in(year)
        return expected_forms(disposals, self.places, self.facts, year, self._zone)

    def expected_reconciliation(self, year: int) -> Reconciliation:
        """The differences that those forms will have."""
        return self._reconcile(year, self.expected_forms(year))

    @cached_property
    def _reconciled(self) -> dict[int, Reconciliation]:
        return {}

    def _reconcile(self, year: int, lines: Sequence[FormLine]) -> Reconciliation:
        return reconcile(
            lines,
            self.disposals_in(year),
            self.at_new_year(year),
            self.places,
            self._law_of_rows(year),
            self._zone,
            self.facts,
            words_of(self.decisions),
            [f for f in self.forms if f.year != year and is_beside(f, year)],
        )

    def law(self, year: int) -> TaxYear:
        """A year's figures; rows and boxes of years before the tables need no brackets."""
        first = known_years()[0]
        return replace(tax_year(first), year=year) if year < first else tax_year(year)

    def _law_of_rows(self, year: int) -> TaxYear:
        """For looking at rows, the last letters of boxes that are known stand in for a year whose
        figures are not; papers and taxes of such a year are refused."""
        last = known_years()[-1]
        return replace(tax_year(last), year=year) if year > last else self.law(year)

    @property
    def places(self) -> dict[str, Place]:
        """Each account's broker, and its number on that broker's forms."""
        return {
            a.name: Place(a.broker if a.kind != "wallet" else None, a.broker_account)
            for a in self.settings.account
        }

    @cached_property
    def facts(self) -> Facts:
        """What the ledger knows of accounts at brokers beside disposals."""
        if not any(p.broker for p in self.places.values()):
            return Facts()
        return facts(self.events, self.places, self.orders, self._zone)

    def at_new_year(self, year: int) -> list[Disposal]:
        """Disposals of the days beside the year, which a broker of another zone may count in."""
        found: list[Disposal] = []
        for day in (date(year - 1, 12, 31), date(year + 1, 1, 1)):
            start, end = (midnight(d, self._zone) for d in (day, day + timedelta(days=1)))
            found += self.shelf.disposals_between(start, end)
        return found

    def form_8949(self, year: int) -> list[Row]:
        return rows(self.disposals_in(year), self.reconciliation(year).reported, self._zone)

    def schedule_d(self, year: int, form: Sequence[Row]) -> ScheduleD:
        """The lines of Schedule D over the rows of Form 8949."""
        who, law, how = self.taxpayer(year), self.law(year), self.settings.report
        other = (who.other_short_term, who.other_long_term)
        limit = law.loss_limit[who.filing_status]
        brought = self.years.brought_into(year)
        return schedule_d(form, brought, other, limit, how.exception_1, how.whole_dollars)

    def worksheet(self, year: int, schedule: ScheduleD) -> Worksheet:
        """The carryover worksheet that goes with a Schedule D."""
        who, income = self.taxpayer(year), self.years.income.get(year, ZERO)
        return carryover_worksheet(schedule.netting, taxable_income(who, income, schedule.netting))

    def incomplete_disposals(self, year: int) -> list[Disposal]:
        """Taxable disposals of the year without a gain."""
        found = in_year(self.shelf.open_disposals, year, self._zone)
        return [d for d in found if d.kind in TAXABLE and d.gain_usd is None]

    def incomplete(self, year: int) -> list[str]:
        """Why the totals of a year are not complete; empty if they are."""
        return incomplete(self, year)


def read_books(database: Database, settings: Settings) -> Books:
    """Everything at one moment; the derived rows are read when they are asked for."""
    connection = database.snapshot()
    forms = [form_1099da.line_of(r) for r in records.latest(connection, stream=form_1099da.STREAM)]
    evidence = [gain_loss.row_of(r) for r in records.latest(connection, stream=gain_loss.STREAM)]
    allocations = records.latest(connection, allocation.SOURCE)
    return Books(
        settings=settings,
        shelf=StoredShelf(connection),
        decisions=decisions.decisions(connection),
        orders=identifications.orders(connection),
        sales=identifications.sales(connection),
        balances=records.reported_balances(connection),
        problems=derived.problems(connection),
        forms=sorted((f for f in forms if not f.void), key=_form_order),
        evidence=sorted(evidence, key=_form_order),
        allocated=frozenset(r.asset for r in allocation.rows(allocations)),
        derived_from=derivation.saved(connection),
    )


def _form_order(line: FormLine) -> tuple[str, str, int, int, str]:
    return line.broker, line.account, line.year, *order_of_number(line.line)
