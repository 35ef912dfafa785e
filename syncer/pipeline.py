"""The product, from top to bottom: pull, post, name, match, value, lots; harvest, alert."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from config.errors import UsageError
from config.exact import ZERO
from config.settings import Settings
from connectors.files import allocation
from connectors.notify import channel_of
from connectors.prices.source import Price
from connectors.records import RawRecord
from syncer import lot_terms
from syncer.alerting import tell
from syncer.alerts.states import Message
from syncer.books import Books, read_books
from syncer.clock import Clock
from syncer.compare import SaleUnder, YearUnder, sale_under_each, year_under_each
from syncer.delivering import deliver
from syncer.deriving import Addition, Deriving
from syncer.events import Event
from syncer.harvest.market import Market
from syncer.harvest.opportunities import Scan
from syncer.harvest.plan import Goal
from syncer.harvesting import AS_IT_IS, Found, WhatIf, how_of, look
from syncer.ingest.breaker import Rest, Run, rest_after
from syncer.ingest.pull import Again, Progress, PullResult, Reached, pull_source
from syncer.ledger.values import needed, stands_for
from syncer.lots.changeover import first_disposition, problems, too_late, units_of
from syncer.lots.engine import before_change_over, replay
from syncer.lots.terms import Terms, WashSales
from syncer.openings import seen
from syncer.planning import Planned, plans_of
from syncer.pricing import REST, Missing, Pricing
from syncer.shelf import Replayed
from syncer.sources import Source, price_sources, sources
from syncer.store import alerts, derivation, openings, prices, records
from syncer.store.database import Database
from syncer.store.shelf import StoredShelf

NO_PRICES: Mapping[str, Market] = {}
LATELY = timedelta(hours=1)  # a moment further back is of the past, and so are its prices
Asking = Callable[[int, int, str], None]  # which one of how many, of what asset


def _silent(reached: Reached) -> None:
    """Progress that nobody watches."""


def _unwatched(number: int, of: int, asset: str) -> None:
    """Prices that nobody waits for."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many prices were asked for and found, and which are missing still."""

    asked: int
    found: int
    missing: list[tuple[str, datetime, Missing]]
    sentences: list[str]

    @property
    def changed(self) -> bool:
        """Whether the books would say something else now: a value, or why there is none."""
        return bool(self.found or self.missing)


class Pipeline:
    """All steps over one database and one set of settings."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self.settings, self.database, self.clock = settings, database, clock
        self._deriving = Deriving(settings, database)
        self._scan: tuple[tuple[object, ...], Scan] | None = None

    # ---- pull

    def sources(self, wanted: Sequence[str] = ()) -> list[Source]:
        """All sources, or those of the named sources or accounts; raises UsageError if unknown."""
        found = sources(self.settings)
        for name in wanted:
            if not any(name in (s.name, s.account) for s in found):
                known = ", ".join(s.name for s in found) or "none"
                raise UsageError(f"there is no source {name}; the settings name: {known}")
        return [s for s in found if not wanted or s.name in wanted or s.account in wanted]

    async def pull(
        self, wanted: Sequence[str] = (), again: Again | None = None, progress: Progress = _silent
    ) -> list[PullResult]:
        """All sources side by side; one that fails does not delay another."""
        pulls = [
            pull_source(self.database, s, self.clock, again or Again(), progress)
            for s in self.sources(wanted)
        ]
        return list(await asyncio.gather(*pulls))

    def rest_of(self, source: str) -> Rest | None:
        """The rest that a source needs after failures, whether or not it is over."""
        with self.database.read() as connection:
            return rest_after([Run(*row) for row in records.newest_pulls(connection, source)])

    def tell_of_rest(self, source: str, rest: Rest) -> None:
        """Put one message in the outbox for a row of failures, however long it gets."""
        alert_id = f"source:{source}:{rest.since:%Y-%m-%dT%H:%M:%SZ}"
        body = f"{rest.sentence}. It is tried again, ever more seldom. Details: syncer status"
        told = Message(alert_id, f"Syncer: {source} cannot be read", body, urgent=rest.refused)
        channels = [channel_of(u) for u in self.settings.alerts.urls]
        with self.database.write() as connection:
            alerts.put_in_outbox(connection, told, channels, self.clock())

    # ---- post, name, match, value, lots

    async def derive(self) -> list[str]:
        """The books brought up to what is stored; sentences say which prices could not be asked.

        Later records that stand for themselves are added, else everything is derived anew. The
        are then saved before the prices are asked and again after, so that a long first load shows
        something.
        """
        new = await asyncio.to_thread(self._deriving.addition)
        if new is not None:
            waiting = await asyncio.to_thread(self._deriving.unpriced)
            filled = await self._fill_prices(waiting)
            if not filled.changed:
                added, more = await self._add(new)
                if added:
                    return filled.sentences + more
        events = await asyncio.to_thread(self._deriving.anew)
        filled = await self._fill_prices(events)
        if filled.changed:
            await asyncio.to_thread(self._deriving.anew)
        await asyncio.to_thread(self._deriving.settle)
        return filled.sentences

    async def _add(self, new: Addition) -> tuple[bool, list[str]]:
        """Later events added to the books as they are, with the prices that they need."""
        filled = await self._fill_prices(new.events)
        basis = await asyncio.to_thread(self._basis)
        if filled.found:
            new = replace(new, basis=replace(new.basis, prices=basis.prices))
        return await asyncio.to_thread(self._deriving.add, new), filled.sentences

    def _basis(self) -> derivation.Basis:
        with self.database.read() as connection:
            return derivation.basis(connection)

    def terms(self) -> Terms:
        """What a replay of the lots needs besides events."""
        return self._deriving.terms()

    def rebuild(self) -> str:
        """Derive again from what is stored, without network; the digest."""
        return self._deriving.rebuild()

    def stored_digest(self) -> str:
        """The digest of what is saved, deriving nothing."""
        return self._deriving.stored_digest()

    def allocation_problems(self, rows: list[RawRecord]) -> list[str]:
        """Why an allocation of these rows does not hold; empty if it does."""
        terms = self.terms()
        if terms.before_2025 != "universal":
            return ['an allocation needs [lots] before_2025 = "universal"']
        with self.database.read() as connection:
            known = list(records.latest(connection, allocation.SOURCE))
            events = StoredShelf(connection).events
        if again := lot_terms.given_again(known, rows):
            return [f"{a} is allocated already, and an allocation is irrevocable" for a in again]
        typed = allocation.rows(rows)
        if mixed := lot_terms.of_two_kinds(typed):
            return [f"{a}: its rows must be all specific or all global" for a in mixed]
        then = before_change_over(events, terms)
        found: list[str] = []
        for asset, one in sorted(lot_terms.allocations(typed).items()):
            first = first_disposition(asset, events, terms.zone)
            late = too_late(one, first, self.clock(), terms.zone)
            lots, units = then.lots.get(asset, []), units_of(asset, then.units)
            found += [late] if late else problems(one, lots, units, terms)
        return found

    # ---- prices

    async def fill_prices(self, progress: Asking = _unwatched) -> Filled:
        """Ask again for every price that is missing, whatever was answered before."""
        events = await asyncio.to_thread(self._deriving.unpriced)
        filled = await self._fill_prices(events, again=True, progress=progress)
        if filled.changed:
            await asyncio.to_thread(self._deriving.anew)
        return filled

    async def _fill_prices(
        self, events: Iterable[Event], again: bool = False, progress: Asking = _unwatched
    ) -> Filled:
        """Ask for each price that is not known yet; what fails is a gap that says why."""
        asked = await asyncio.to_thread(self._to_ask, list(events), again)
        sources = price_sources(self.settings) if asked else []
        pricing, found, missing = Pricing(sources), 0, []
        try:
            for number, (asset, at) in enumerate(asked if sources else (), 1):
                progress(number, len(asked), asset)
                price = await pricing.past(asset, at)
                await asyncio.to_thread(self._keep_price, asset, at, price)
                if isinstance(price, Missing):
                    missing.append((asset, at, price))
                else:
                    found += 1
        finally:
            await pricing.close()
        return Filled(len(asked) if sources else 0, found, missing, pricing.sentences)

    def _to_ask(self, events: Sequence[Event], again: bool) -> list[tuple[str, datetime]]:
        with self.database.read() as connection:
            worth = self._deriving.worth(connection)
            shares = {**worth.stands_for, **stands_for(events)}
            wanted = needed(events, replace(worth, stands_for=shares))
            known = prices.known_prices(connection, {at for _, at in wanted})
            gaps = prices.gaps(connection)
        found = {key for key in wanted if key in known and known[key].usd}
        now = self.clock()
        resting = {
            key for key, gap in gaps.items() if not again and now - gap.tried_at < REST[gap.reason]
        }
        return sorted(wanted - found - resting)

    def _keep_price(self, asset: str, at: datetime, price: Price | Missing) -> None:
        with self.database.write() as connection:
            if isinstance(price, Missing):
                now = self.clock()
                prices.save_gap(connection, asset, at, price.reason, price.detail, now)
            else:
                prices.save_prices(connection, {(asset, at): price}, self.clock())

    async def _past_market(
        self, assets: Iterable[str], at: datetime
    ) -> tuple[dict[str, Market], list[str]]:
        """Prices of the past, each for itself."""
        pricing, found = Pricing(price_sources(self.settings)), dict[str, Market]()
        try:
            for asset in sorted(assets):
                price = await pricing.past(asset, at)
                if not isinstance(price, Missing):
                    found[asset] = Market(price.usd, at, price.source)
        finally:
            await pricing.close()
        return found, pricing.sentences

    async def market(self, assets: Iterable[str]) -> tuple[dict[str, Market], list[str]]:
        """Prices now, and why some could not be asked."""
        pricing = Pricing(price_sources(self.settings))
        try:
            found = await pricing.present(assets)
        finally:
            await pricing.close()
        return {
            a: Market(p.usd, p.at or self.clock(), p.source) for a, p in found.items()
        }, pricing.sentences

    # ---- harvest, alert

    def books(self) -> Books:
        """The stored books; derived anew first if settings that decide them have changed."""
        if self._deriving.is_old():
            self._deriving.anew()
        return read_books(self.database, self.settings)

    async def harvest(
        self,
        if_: WhatIf = AS_IT_IS,
        as_of: datetime | None = None,
        known: Mapping[str, Market] = NO_PRICES,
    ) -> Found:
        """The best sale per account and asset that has a loss, under the rule that binds it, and
        what else a look at all holdings gives. Prices that are known are not asked for."""
        async with self._at(as_of, if_.wash_sales) as (books, now):
            market, sentences = await self._prices_of(books, if_.prices, now, known)
            return await asyncio.to_thread(look, books, market, now, if_, sentences)

    async def plan(
        self,
        goal: Goal | None,
        amount: Decimal = ZERO,
        if_: WhatIf = AS_IT_IS,
        known: Mapping[str, Market] = NO_PRICES,
    ) -> Planned:
        """The best set of sales for a goal; of gains that raise no tax if there is none. Raises
        UsageError if the tax of the year is not computable."""
        return (await self.plans([goal], amount, if_, known))[0]

    async def plans(
        self,
        goals: Sequence[Goal | None],
        amount: Decimal = ZERO,
        if_: WhatIf = AS_IT_IS,
        known: Mapping[str, Market] = NO_PRICES,
    ) -> list[Planned]:
        """One for each goal, of the same books and prices; `amount` is for the goal of that
        name. Raises UsageError as `plan`."""
        async with self._at(None, if_.wash_sales) as (books, now):
            market, sentences = await self._prices_of(books, if_.prices, now, known)
            return await asyncio.to_thread(
                plans_of, books, market, now, goals, amount, if_, sentences
            )

    @asynccontextmanager
    async def _at(
        self, as_of: datetime | None, wash_sales: date | None = None
    ) -> AsyncIterator[tuple[Books, datetime]]:
        """The books now, or as they stood at an instant of the past; or as a law on wash sales
        from a day on would have made them."""
        stored, now = await asyncio.to_thread(self.books), as_of or self.clock()
        with closing(stored):
            past = as_of is not None and as_of < self.clock()
            if past or wash_sales is not None:
                yield await asyncio.to_thread(self._replayed, stored, now, wash_sales), now
            else:
                yield stored, now

    async def _prices_of(
        self,
        books: Books,
        what_if: Mapping[str, Decimal],
        now: datetime,
        known: Mapping[str, Market] = NO_PRICES,
    ) -> tuple[dict[str, Market], list[str]]:
        """Prices of all that is held, those told first, then those known."""
        given = {**known, **{a: Market(p, now) for a, p in what_if.items()}}
        asked = {lot.asset for lot in books.lots} - given.keys()
        if self.clock() - now > LATELY:
            found, sentences = await self._past_market(asked, now)
        else:
            found, sentences = await self.market(asked) if asked else ({}, list[str]())
        return {**found, **given}, sentences

    async def compare(
        self, year: int, what_if: Mapping[str, Decimal], share: Decimal
    ) -> tuple[list[YearUnder], list[SaleUnder], list[str]]:
        """A year, and a sale today of a share of each holding, under each lot method."""
        books, now = await asyncio.to_thread(self.books), self.clock()
        with closing(books):
            market, sentences = await self._prices_of(books, what_if, now)
            terms = replace(self.terms(), rates=lot_terms.rates(self.settings))
            years = await asyncio.to_thread(lambda: list(year_under_each(books, terms, year)))
            sales = list(sale_under_each(books, market, share, now))
            return years, sales, sentences

    def _replayed(self, books: Books, end: datetime, wash_sales: date | None) -> Books:
        terms = self.terms()
        if wash_sales is not None:
            terms = replace(terms, wash_sales=WashSales("enforce", wash_sales))
        done = replay(books.events, terms, until=end)
        past = [e for e in books.events if e.at <= end]
        shelf = Replayed(past, done.lots, done.disposals, self.settings.zone)
        return replace(books, shelf=shelf)

    async def watch(self) -> Found:
        """A look at all holdings, which is noted, with what is worth a message in the outbox."""
        async with self._at(None) as (books, now):
            market, sentences = await self._prices_of(books, {}, now)
            scan = await asyncio.to_thread(self._scan_of, books, now)
            found = await asyncio.to_thread(look, books, market, now, AS_IT_IS, sentences, scan)
            names = [s.name for s in self.sources()]
            await asyncio.to_thread(tell, self.database, self.settings, books, found, names)
            await asyncio.to_thread(self._note, found)
            return found

    def _note(self, found: Found) -> None:
        """What was seen, for those who want to know later how an opening came about."""
        with self.database.write() as connection:
            openings.note(connection, seen(found))

    def _scan_of(self, books: Books, now: datetime) -> Scan:
        """The last one, if neither books nor day nor what binds the lots have changed since."""
        how = how_of(books, now)
        key = books.derived_from, now.astimezone(self.settings.zone).date(), how.rules, how.named
        if self._scan is None or self._scan[0] != key:
            self._scan = key, Scan(books.lots, how, now)
        return self._scan[1]

    async def deliver(self) -> list[str]:
        """Send what is due in the outbox; what a channel does not take waits, ever longer."""
        return await deliver(self.database, self.settings, self.clock)
