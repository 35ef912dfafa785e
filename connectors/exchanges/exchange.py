"""What all venues share: feeds walked one after the other, keys judged, rows made records."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from config.assets import names
from config.errors import AuthError, DataError, RateLimited, TransientError
from config.exact import ZERO
from connectors.exchanges.client import VenueClient
from connectors.exchanges.pots import settled
from connectors.exchanges.walk import DAY, Feed, lost, walk
from connectors.records import (
    Balance,
    Entry,
    KeyReport,
    Page,
    Problem,
    RawRecord,
    Reported,
    Role,
    Translation,
    exact,
)

UNREAD = "#unread"  # a stream of our own: feeds that the venue refuses, and why
REFUSED = "refused"
EPOCH, LATEST = datetime(1970, 1, 1, tzinfo=UTC), 2**53  # microseconds: the year 2255
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
SKEW = timedelta(seconds=10)  # venues refuse requests that are more than 5 to 60 seconds off


@dataclass(frozen=True, slots=True)
class Rights:
    """What a venue tells of a key: all its words, those beyond reading, and what it hides."""

    told: tuple[str, ...]
    trades: tuple[str, ...] = ()
    withdraws: tuple[str, ...] = ()
    hides: str | None = None
    notes: tuple[str, ...] = ()


class Exchange(ABC):
    """One account at one venue. `clock` is the end of a walk where the venue tells no time."""

    venue: str

    def __init__(
        self,
        account: str,
        client: VenueClient,
        clock: Callable[[], datetime],
        allow_trade_key: bool = True,
    ) -> None:
        self.account, self.client, self.clock = account, client, clock
        self._allow_trade_key = allow_trade_key

    @abstractmethod
    def feeds(self, cursors: Mapping[str, str], full: bool) -> AsyncIterator[Feed]:
        """Everything to read, in order; a feed may follow from what an earlier one brought."""

    @abstractmethod
    async def held(self) -> Iterable[tuple[str, Any]]:
        """(raw asset, quantity) of all that the venue holds for the account."""

    @abstractmethod
    async def rights(self) -> Rights | None:
        """What the key may do; None where the venue does not tell."""

    async def now(self) -> int:
        """The venue's time in unix seconds."""
        return int(self.clock().timestamp())

    async def pull(
        self, cursors: Mapping[str, str], full: bool = False, since: datetime | None = None
    ) -> AsyncIterator[Page]:
        end = await self.now()
        again = 0 if full else int(since.timestamp()) if since else None
        answered = False
        async for feed in self.feeds(cursors, full):
            sentence = None
            if hole := lost(feed, cursors.get(feed.name), end):
                yield Page(f"{UNREAD} {feed.name} lost", (self._hole(feed, *hole),), str(hole[0]))
            try:
                async for page in walk(feed, cursors.get(feed.name), end, again):
                    answered = True
                    yield page
            except RateLimited:
                raise
            except (DataError, TransientError, AuthError) as error:
                # a key that reads other feeds is good, but not for this one
                barred = isinstance(error, AuthError) and answered
                if not (feed.optional or barred or isinstance(error, DataError)):
                    raise
                if not feed.optional or feed.name in cursors:
                    sentence = str(error)  # this feed is set aside, the others go on
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                sentence = (
                    f"{self.venue} gave {self.account} rows of another shape than is known for "
                    f"{feed.name} ({type(error).__name__} {error})"
                )
            told = f"{UNREAD} {feed.name}"
            if sentence or cursors.get(told) == REFUSED:
                record = RawRecord(
                    self.account, UNREAD, feed.name, None, text({"sentence": sentence})
                )
                yield Page(told, (record,), REFUSED if sentence else "read")

    async def balances(self) -> Reported:
        at = datetime.fromtimestamp(await self.now(), UTC)
        sums: dict[str, Decimal] = {}
        for raw, quantity in await self.held():
            asset = names().at_venue(self.venue, raw, at)
            amount = exact(quantity, f"{self.venue}'s balance of {raw}")
            sums[asset] = sums.get(asset, ZERO) + amount
        return Reported(tuple(Balance(self.account, a, q, at) for a, q in sorted(sums.items())))

    async def check_key(self) -> KeyReport:
        rights = await self.rights()
        if rights is None:
            unknown = f"{self.venue} does not tell what the key may do; make sure it can only read"
            return KeyReport((), (unknown, *self._clock_warning()))
        warnings = [f"the key may {p}; a read-only key is safer" for p in rights.trades]
        notes = (*warnings, *rights.notes, *self._clock_warning())
        return KeyReport(rights.told, notes, self._refusal(rights, warnings))

    def _refusal(self, rights: Rights, warnings: list[str]) -> str | None:
        if rights.withdraws:
            return (
                f"the key of {self.account} can withdraw ({rights.withdraws[0]}); "
                "make a key that can only query"
            )
        if rights.hides:
            return (
                f"the key of {self.account} hides part of the history ({rights.hides}); "
                "make one without limits"
            )
        if warnings and not self._allow_trade_key:
            return f"{warnings[0]}, and allow_trade_key is false for {self.account}"
        return None

    def _clock_warning(self) -> tuple[str, ...]:
        skew = self.client.skew
        if skew is None or abs(skew) <= SKEW:
            return ()
        way = "behind" if skew > timedelta(0) else "ahead of"
        seconds = int(abs(skew).total_seconds())
        return (f"this machine's clock is {seconds} seconds {way} {self.venue}'s; set it",)

    def record(
        self, stream: str, native_id: Any, row: Any, when: Callable[[], datetime]
    ) -> RawRecord:
        """A row as the venue said it. A time that cannot be read is left out: translate says so."""
        try:
            at: datetime | None = when()
        except (DataError, KeyError, TypeError, ValueError, OverflowError, OSError):
            at = None
        return RawRecord(self.account, stream, str(native_id), at, text(row))

    def doubt(self, feed: str, where: object, sentence: str) -> RawRecord:
        """A place in a feed where the venue may keep rows back: it is told of, and passed."""
        told = text({"sentence": f"{self.venue} {sentence} of {self.account}; there may be more"})
        return RawRecord(self.account, UNREAD, f"{feed} {where}", None, told)

    def _hole(self, feed: Feed, start: int, end: int) -> RawRecord:
        days = f"{instant_of(start):%Y-%m-%d} to {instant_of(end):%Y-%m-%d}"
        told = (
            f"{self.venue} is sure to list {feed.name} for {(feed.keeps or 0) // DAY} days only, "
            f"and {self.account} was not read for longer: rows of {days} may be missing; import "
            "that time from its files"
        )
        body = {"sentence": told, "feed": feed.name, "from": start, "to": end}
        return RawRecord(self.account, UNREAD, f"{feed.name} {start}", None, text(body))

    async def close(self) -> None:
        await self.client.close()


def text(row: Any) -> str:
    """A row as text that does not depend on the order of its fields."""
    return _encode(row)


def rows(client: VenueClient, endpoint: str, answer: Any, field: str | None = None) -> list[Any]:
    """The list in an answer; raises TransientError where there is none, which is no empty list."""
    found = answer.get(field) if field and isinstance(answer, dict) else answer
    if not isinstance(found, list):
        raise client.unreadable(endpoint)
    return found


# ---- times of venues


def from_seconds(value: Any) -> datetime:
    """Unix seconds as text or integer, to the microsecond."""
    return _from_micros(exact(value, "the time") * 1_000_000)


def from_millis(value: Any) -> datetime:
    return _from_micros(exact(value, "the time") * 1_000)


def from_nanos(value: Any) -> datetime:
    return _from_micros(exact(value, "the time") / 1_000)


def _from_micros(micros: Decimal) -> datetime:
    if not 0 < micros < LATEST:
        raise DataError(f"the time is out of all proportion: {micros}")
    return EPOCH + timedelta(microseconds=int(micros))


def from_iso(value: Any) -> datetime:
    """ISO 8601 text; no offset means UTC."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise DataError(f"the time cannot be read: {value!r}") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def instant_of(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# ---- translating


@dataclass(frozen=True, slots=True)
class Told:
    """What a row tells of its event, before it is parted into entries. `kind` is one of trade,
    deposit, withdrawal, spend, pot_move, own_move, income:..., unknown:..."""

    venue: str
    record: RawRecord
    kind: str
    at: datetime
    group: str = ""
    evidence: str = ""
    txid: str | None = None
    address: str | None = None
    network: str | None = None
    usd: Decimal | None = None  # of the principal, where the venue states it

    def entries(
        self, *moves: tuple[str, Decimal], fee: tuple[str, Decimal] | None = None
    ) -> list[Entry]:
        """(raw asset, signed quantity) of what moved, and the fee, positive if it was paid.

        A negative fee is a rebate: more came or less left in the same asset, else a credit of its
        own. A reward that takes more than it gives is no income; a person must look at it.
        """
        found: dict[str, Decimal] = {}
        for asset, quantity in moves:
            if quantity:
                found[asset] = found.get(asset, ZERO) + quantity
        if fee and fee[1] < 0 and fee[0] in found:
            found[fee[0]] -= fee[1]
            fee = None
        kind = self.kind
        if kind.startswith("income:") and sum(found.values()) - (fee[1] if fee else 0) < 0:
            kind = f"unknown:negative {kind}"
        made = [self._entry(kind, asset, q, "principal") for asset, q in found.items()]
        if fee and fee[1] > 0:
            made.append(self._entry(kind, fee[0], -fee[1], "fee"))
        if fee and fee[1] < 0:
            credit = self._entry("income:other", fee[0], -fee[1], "principal")
            made.append(replace(credit, group=f"{credit.group}:rebate", usd=None))
        return made

    def fee_returned(self, raw: str, quantity: Decimal) -> Entry:
        """What was paid as a fee of the same event came back."""
        return self._entry(self.kind, raw, quantity, "fee")

    def _entry(self, kind: str, raw: str, quantity: Decimal, role: Role) -> Entry:
        record = self.record
        return Entry(
            source=record.source,
            group=self.group or f"{record.stream}:{record.native_id}",  # ids are a stream's own
            account=record.source,
            asset=names().at_venue(self.venue, raw, self.at),
            quantity=quantity,
            at=self.at,
            role=role,
            kind=kind,
            native_id=record.native_id,
            txid=self.txid or None,
            address=self.address or None,
            network=self.network or None,
            usd=self.usd if role == "principal" else None,
            evidence=self.evidence or f"{record.stream} {record.native_id}",
        )


def again(records: Iterable[RawRecord]) -> Iterable[RawRecord]:
    """The same records, so that they can be walked more than once."""
    return list(records) if isinstance(records, Iterator) else records


def translated(
    records: Iterable[RawRecord], entries_of: Callable[[RawRecord], Iterable[Entry]]
) -> Translation:
    """Entries of each record; one that cannot be read is set aside with a sentence."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for record in records:
        if record.stream == UNREAD:
            if sentence := json.loads(record.body)["sentence"]:
                problems.append(_problem(record, sentence))
            continue
        try:
            entries += entries_of(record)
        except DataError as error:
            problems.append(_problem(record, str(error)))
        except KeyError as error:
            problems.append(_problem(record, f"it lacks {error}"))
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            problems.append(_problem(record, f"it has another shape than is known ({error})"))
    return Translation(tuple(settled(entries)), tuple(problems))


def _problem(record: RawRecord, sentence: str) -> Problem:
    return Problem(record.source, record.stream, record.native_id, sentence)
