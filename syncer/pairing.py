"""A person's word on a line of Form 1099-DA: what it is about, what it is not, who is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config.errors import UsageError
from config.exact import ZERO
from connectors.brokers.form_1099da import FormLine
from syncer.books import Books
from syncer.ledger.decisions import Decision
from syncer.lots.model import Disposal
from syncer.reconcile.candidates import is_same_asset
from syncer.reconcile.model import Word
from syncer.reconcile.words import APART, BROKER_ERROR, PAIR, subject, told, words_of
from syncer.store import decisions
from syncer.store.database import Database
from syncer.tax.year import TAXABLE


class Pairing:
    """Words of one person at one moment; each is kept at once, and the books follow with the next
    derivation. All raise UsageError for a line that is not there, or a word that does not fit."""

    def __init__(self, books: Books, database: Database, who: str, now: datetime) -> None:
        self._books, self._database, self._who, self._now = books, database, who, now

    def pair(self, line: str, disposals: Sequence[str], note: str | None = None) -> list[str]:
        """The line is about these disposals, or all slices of these events; their ids."""
        found = self._line(line)
        slices = self._slices(found.year, disposals)
        known = {i for d in slices for i in (d.disposal_id, d.event_id)}
        if strange := next((d for d in disposals if d not in known), None):
            raise UsageError(
                f"there is no disposal {strange} in {found.year}; see: "
                f"syncer disposals --year {found.year} --json"
            )
        if other := next((d for d in slices if not is_same_asset(found, d.asset)), None):
            raise UsageError(f"{other.disposal_id} is of {other.asset}, not of {found.name}")
        ids = [d.disposal_id for d in slices]
        self._check_free(found, slices)
        self._decide(line, PAIR, Word(tuple(ids)), note)
        return ids

    def unpair(self, line: str, note: str | None = None) -> list[str]:
        """The line is not what it was paired with: by hand, which is undone and gives nothing, or
        by itself; what it is kept apart from then."""
        found, key = self._line(line), subject(line)
        mine = next((d for d in self._books.decisions if d.subject == key), None)
        if mine is not None and mine.answer == PAIR:
            with self._database.write() as connection:
                decisions.undo_decision(connection, key, self._who, self._now)
            return []
        results = {x.line.key: x for x in self._books.reconciliation(found.year).lines}
        ids = list(dict.fromkeys(p.slice.disposal_id for p in results[line].pieces))
        if not ids:
            raise UsageError(f"{line} is paired with nothing")
        before = words_of(self._books.decisions).get(line, Word())
        self._decide(line, APART, Word(apart=before.apart | frozenset(ids)), note)
        return ids

    def broker_error(self, line: str, note: str) -> None:
        """The broker is wrong in a line: its row is corrected by code."""
        found = self._line(line)
        results = {x.line.key: x for x in self._books.reconciliation(found.year).lines}
        open_ = (r for r in results[line].reasons if r.kind in ("unexplained", "broker_error"))
        if all(r.told for r in open_):
            raise UsageError(f"{line} has nothing that is not explained")
        before = words_of(self._books.decisions).get(line, Word())
        self._decide(line, BROKER_ERROR, before, note)

    def _line(self, key: str) -> FormLine:
        found = next((f for f in self._books.forms if f.key == key), None)
        if found is None:
            raise UsageError(
                f"there is no form line {key}; see: syncer reconcile --year YEAR --all"
            )
        return found

    def _slices(self, year: int, disposals: Sequence[str]) -> list[Disposal]:
        """Disposals by their ids; an event's id means all of its slices."""
        wanted = set(disposals)
        near = (*self._books.disposals_in(year), *self._books.at_new_year(year))
        taxable = (d for d in near if d.kind in TAXABLE)
        return [d for d in taxable if {d.disposal_id, d.event_id} & wanted]

    def _check_free(self, line: FormLine, slices: Sequence[Disposal]) -> None:
        """Raises UsageError if other lines are paired with some of these, unless they are together
        what these units are."""
        ids = {d.disposal_id for d in slices}
        lines = {f.key: f for f in self._books.forms}
        units = line.units
        for key, word in words_of(self._books.decisions).items():
            if key != line.key and key in lines and ids & set(word.pair):
                units += lines[key].units
                if set(word.pair) != ids or units > sum((d.quantity for d in slices), ZERO):
                    raise UsageError(
                        f"{key} is paired with it already: syncer reconcile unpair {key}"
                    )

    def _decide(self, line: str, answer: str, word: Word, note: str | None) -> None:
        made = Decision(subject(line), answer, self._now, told(word), None, note)
        with self._database.write() as connection:
            decisions.add_decision(connection, made, self._who)
