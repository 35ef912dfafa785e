"""From stored records to stored books: all of it anew, or what later records add to it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version

from sqlalchemy.engine import Connection

from config import bitcoin
from config.assets import names
from config.settings import Settings
from connectors.bitcoin.translate import own_addresses
from connectors.files import allocation, journal
from connectors.files.formats import account_of, is_statement
from connectors.records import Entry, Problem, RawRecord
from syncer.adding import add_events, last_at
from syncer.collector import collector_paused
from syncer.events import BY_WORD, Event
from syncer.ledger.addresses import AddressBook, plain
from syncer.ledger.decisions import named, renamed
from syncer.ledger.derive import Derived, finish, name_events
from syncer.ledger.duplicates import counted, rank
from syncer.ledger.rules import Treatments
from syncer.ledger.values import Prices, Worth, stands_for, value
from syncer.lot_terms import lot_terms
from syncer.lots.terms import Terms
from syncer.shelf import gains_by_year
from syncer.sources import sources, translators
from syncer.store import decisions, derivation, derived, prices, records
from syncer.store.database import Database
from syncer.store.derivation import Basis, Derivation
from syncer.store.digest import digest
from syncer.store.shelf import StoredShelf, lendings, unpriced

# what brokers say of sales: held against the ledger
NOT_LEDGER = ("form:", "form-mapping:", "gain-loss:")
TRIES = 3  # to derive without holding the write lock
MOST = 5_000  # new records that are added; more are derived with all the rest
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
# of an account: how it is asked, and what a sale there would cost
_NO_BOOKS = {"key_file", "api_url", "rate_limit_ms", "allow_trade_key"}
_NO_BOOKS |= {"fee_percent", "spread_percent", "min_sale_usd"}
# kinds that stand for themselves: no other event changes what they are
_ALONE = frozenset(
    {"buy", "sell", "trade", "spend", "gift_out", "donation", "lost", "opening", "gift_in"}
    | {"inheritance", "fee", "internal", "fiat", "transfer"}
)


@dataclass(frozen=True, slots=True)
class Addition:
    """Later records as events, named and not yet valued; they follow from `basis`."""

    basis: Basis
    entries: tuple[Entry, ...]
    events: tuple[Event, ...]
    problems: tuple[Problem, ...]


def treatments(settings: Settings) -> Treatments:
    """What the person decided where the law is open."""
    told = settings.treatment
    known = frozenset(
        names().token(chain, facts.chain_id, contract)
        for chain, facts in settings.chains.items()
        for chain_id, contract in settings.token_list.names
        if chain_id == facts.chain_id
    )
    return Treatments(
        wrap=told.wrap,
        lending=told.lending,
        bridge=told.bridge,
        liquidity=told.liquidity,
        liquid_staking=told.liquid_staking,
        known=known,
    )


def address_book(settings: Settings) -> AddressBook:
    """Whose addresses the settings say are."""
    own = {plain(a): one.name for one in settings.account for a in one.addresses}
    manual = frozenset(a.name for a in settings.account if a.kind == "manual")
    return AddressBook(own, manual=manual)


@cache
def _version() -> str:
    return version("taxlot-syncer")


class Deriving:
    """Over one database and one set of settings."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database

    @property
    def _fingerprint(self) -> str:
        """Changes when settings or a version of Syncer that decide what the books are change."""
        s = self._settings
        accounts = [a.model_dump(mode="json", exclude=_NO_BOOKS) for a in s.account]
        told = [x.model_dump(mode="json") for x in (s.lots, s.treatment, s.wash_sale, s.taxpayer)]
        chains = {name: c.chain_id for name, c in s.chains.items()}
        tokens = sorted(f"{c}:{a} {name}" for (c, a), name in s.token_list.names.items())
        text = json.dumps(
            [_version(), accounts, told, chains, tokens, s.prices.stablecoins],
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def is_old(self) -> bool:
        """Whether the stored books were derived under other settings, or by another version."""
        with self._database.read() as connection:
            last = derivation.saved(connection)
            if last is None:  # an older version may have left books
                return derived.has_events(connection)
            return last.settings != self._fingerprint

    @property
    def _stablecoins_at_one(self) -> bool:
        return self._settings.prices.stablecoins == "one"

    def worth(self, connection: Connection, known: Prices | None = None) -> Worth:
        """How prices are read: by the stored books' shares of lenders."""
        return Worth(known or {}, stands_for(lendings(connection)), self._stablecoins_at_one)

    def unpriced(self) -> Sequence[Event]:
        """Stored events that wait for a price."""
        with self._database.read() as connection:
            return unpriced(connection)

    def terms(self) -> Terms:
        """What a replay of the lots needs besides events."""
        with self._database.read() as connection:
            return lot_terms(self._settings, connection)

    # ---- anew

    def anew(self) -> Sequence[Event]:
        """Derive from what is stored and save it, if nothing was stored meanwhile; else again.

        The work is done outside the write lock, so that pulls go on; only the last try holds it.
        Nothing is added to these books before `settle` says that their prices were asked for.
        """
        with collector_paused():
            return self._anew()

    def _anew(self) -> Sequence[Event]:
        for _ in range(TRIES):
            with self._database.read() as connection:
                before = derivation.basis(connection)
            done, problems = self._derived()
            with self._database.write() as connection:
                if derivation.basis(connection) == before:
                    self._save(connection, before, done, problems)
                    return done.events
        return self._anew_locked()[0].events

    def settle(self) -> None:
        """Every price that the stored books need was asked for: later events may be added to them.
        After a kill before it all is derived, and all asked for, again."""
        with self._database.write() as connection:
            last, now = derivation.saved(connection), derivation.basis(connection)
            if last and not last.goes_on and last.basis.prices == now.prices:
                terms = lot_terms(self._settings, connection)
                derivation.save(connection, replace(last, goes_on=_goes_on(terms)))

    def rebuild(self) -> str:
        """Derive again from what is stored, without network; the digest."""
        done, _ = self._anew_locked()
        with self._database.read() as connection:
            return digest(connection, done)

    def _anew_locked(self) -> tuple[Derived, list[Problem]]:
        with self._database.write() as connection:
            basis = derivation.basis(connection)
            done, problems = self._derived()
            self._save(connection, basis, done, problems)
        return done, problems

    def _derived(self) -> tuple[Derived, list[Problem]]:
        entries, problems = self._post()
        with self._database.read() as connection:
            decided = decisions.decisions(connection)
            known = prices.known_prices(connection)
            book = self._book(connection)
        events = name_events(entries, decided, treatments(self._settings), book)
        at_one = self._stablecoins_at_one
        return finish(entries, events, known, self.terms(), at_one), problems

    def _book(self, connection: Connection) -> AddressBook:
        """With the addresses that were derived from the keys of the settings."""
        book = address_book(self._settings)
        derived_of: dict[str, str] = {}
        for account in self._settings.account:
            if bitcoin.NAME in account.chains:
                name = f"{account.name}@{bitcoin.NAME}"
                told = records.latest(connection, name, "addresses")
                keys = map(bitcoin.identity, account.bitcoin_addresses)
                found = own_addresses(told, keys)
                derived_of |= {plain(address): account.name for address in found}
        return replace(book, own={**derived_of, **book.own})

    def _post(self) -> tuple[list[Entry], list[Problem]]:
        """Stored records to entries, source by source."""
        entries: list[Entry] = []
        problems: list[Problem] = []
        with self._database.read() as connection:
            stored = records.counts(connection)
            readers = translators(self._settings, stored)
            for name in stored:
                if not _has_entries(name):
                    continue
                if name not in readers:
                    sentence = (
                        "the settings no longer name this source; its records are kept unread"
                    )
                    problems.append(Problem(name, "", "", sentence))
                    continue
                try:
                    translation = readers[name].translate(records.Stored(connection, name))
                except UNREADABLE as odd:
                    # no source may take the books of another down with it
                    sentence = f"its records cannot be read ({type(odd).__name__}: {odd})"
                    problems.append(Problem(name, "", "", sentence))
                    continue
                entries += translation.entries
                problems += translation.problems
            names = named(decisions.decisions(connection))
        return renamed(entries, names) if names else entries, problems

    def _save(
        self, connection: Connection, basis: Basis, done: Derived, problems: Iterable[Problem]
    ) -> None:
        terms = lot_terms(self._settings, connection)
        totals = gains_by_year(done.disposals, self._settings.zone)
        derived.save(connection, done, problems, totals, last_at(done.events, terms))
        new = Derivation(basis, self._fingerprint, goes_on=False)
        settled = derivation.saved(connection) == replace(new, goes_on=True)
        derivation.save(connection, replace(new, goes_on=settled))

    def stored_digest(self) -> str:
        """The digest of what is saved, deriving nothing."""
        entries, _ = self._post()
        with self._database.read() as connection:
            shelf = StoredShelf(connection)
            kept = tuple(counted(entries, shelf.events))
            saved = Derived(kept, tuple(shelf.events), tuple(shelf.lots), tuple(shelf.disposals))
            return digest(connection, saved)

    # ---- adding to the books as they are

    def addition(self) -> Addition | None:
        """What later records add to the stored books; None if they must be derived anew: something
        else changed too, a record changed, or an event may change what others are."""
        with self._database.read() as connection:
            last, now = derivation.saved(connection), derivation.basis(connection)
            if last is None or not last.goes_on or last.settings != self._fingerprint:
                return None
            if replace(now, raw_records=last.basis.raw_records) != last.basis:
                return None
            if now.raw_records - last.basis.raw_records > MOST:
                return None
            new = records.since(connection, last.basis.raw_records)
            translated = self._translated(connection, new)
            if translated is None:
                return None
            entries, problems = translated
            if records.has_groups(connection, {(e.source, e.group) for e in entries}):
                return None
            if self._is_told_elsewhere(connection, entries):
                return None
            decided = decisions.decisions(connection)
            book = self._book(connection)
        events = name_events(entries, decided, treatments(self._settings), book)
        if not all(_stands_alone(e) for e in events):
            return None
        return Addition(now, tuple(entries), tuple(events), tuple(problems))

    def _is_told_elsewhere(self, connection: Connection, entries: Sequence[Entry]) -> bool:
        """Whether another source tells of an account of these entries, perhaps the same events."""
        mine = {(e.source, e.account) for e in entries}
        stored = records.counts(connection)
        owners = {s.name: s.account for s in sources(self._settings)}
        owners |= {name: account_of(name) for name in stored if is_statement(name)}
        for source, account in mine:
            others = {n for n, a in owners.items() if a == account and n != source and n in stored}
            if any(rank(n) for n in (*others, source)) and others:
                return True
        told = {a for s, a in mine if s != journal.SOURCE}
        if journal.SOURCE not in stored:
            return False
        said = records.tells_of(connection, journal.SOURCE, told)
        return said or derived.holds_out(connection, told)

    def _translated(
        self, connection: Connection, new: Sequence[tuple[RawRecord, int]]
    ) -> tuple[list[Entry], list[Problem]] | None:
        """Entries of new records that need no other record to be read; None if one does."""
        readers = translators(self._settings)
        by_source: dict[str, list[RawRecord]] = defaultdict(list)
        for record, revision in new:
            if record.source == allocation.SOURCE:
                return None
            if not _has_entries(record.source):
                continue
            reader = readers.get(record.source)
            if reader is None or revision > 1 or not reader.alone(record):
                return None
            by_source[record.source].append(record)
        entries: list[Entry] = []
        problems: list[Problem] = []
        for name, found in by_source.items():
            reader = readers[name]
            known = [r for s in reader.beside for r in records.latest(connection, name, s)]
            try:
                translation = reader.translate([*known, *found])
            except UNREADABLE:
                return None
            entries += translation.entries
            problems += translation.problems
        return renamed(entries, named(decisions.decisions(connection))), problems

    def add(self, new: Addition) -> bool:
        """Add to the stored books; False, and nothing is stored, if they changed meanwhile or an
        event is not later than all that its lots have seen."""
        with self._database.write() as connection:
            last = derivation.saved(connection)
            if last is None or derivation.basis(connection) != new.basis:
                return False
            terms = lot_terms(self._settings, connection)
            known = prices.known_prices(connection, {e.at for e in new.events})
            valued = value(new.events, self.worth(connection, known))
            if not add_events(connection, new.entries, valued, new.problems, terms):
                return False
            derivation.save(connection, replace(last, basis=new.basis))
        return True


def _stands_alone(event: Event) -> bool:
    """Two halves that were joined might each belong to one that is stored; what a person named
    teaches whose an address is."""
    known = event.kind in _ALONE or event.kind.startswith("income:")
    return known and not event.parts and event.rule != BY_WORD


def _has_entries(source: str) -> bool:
    """Broker forms and allocations are no movements of coins."""
    return not source.startswith(NOT_LEDGER) and source != allocation.SOURCE


def _goes_on(terms: Terms) -> bool:
    """Whether later events need nothing of earlier ones but their lots: no identification waits
    for its sale, no rule looks at the year so far, no wash sale looks back."""
    return not (terms.sales or terms.minimises or terms.wash_sales)
