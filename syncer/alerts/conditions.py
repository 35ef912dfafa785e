"""What else is worth a message: dates that come near, gaps, sources and jobs that fail. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import ZERO, cents, text
from syncer.alerts.states import AT_ONCE, ONCE, Patience, Reading, Watched
from syncer.harvest.opportunity import Opportunity
from syncer.harvest.ripening import Ripening

# every rule of this room, by the first word of its keys
RULES = (*("long_term", "year_end", "gains", "balance", "review", "stale", "backup", "law"),)
STAGES = (92, 61, 31, 14, 7, 3, 1)  # days to the end of the year at which it is told
LAW_NEAR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A source, and when it last succeeded, or was first tried if it never did."""

    name: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class BalanceFacts:
    source: str
    account: str
    asset: str
    difference: Decimal
    since: datetime | None


@dataclass(frozen=True, slots=True)
class LawDate:
    """A day on which another rule begins, and what to do before."""

    name: str
    day: date
    what: str


@dataclass(frozen=True, slots=True)
class Limits:
    """`[alerts]`: from where on something is told; None switches a rule off."""

    long_term_days: int
    lot_usd: Decimal
    gains_usd: Decimal | None
    review_usd: Decimal
    stale_after: timedelta


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so at one moment."""

    now: datetime
    zone: ZoneInfo
    ripening: Sequence[Ripening]
    openings: Sequence[Opportunity]
    realised: Decimal  # net gain of the year so far
    undecided: Decimal
    open_items: int
    balances: Sequence[BalanceFacts]
    sources: Sequence[SourceFacts]
    backup: tuple[datetime | None, str | None]  # last good one, and what is wrong with the newest
    backup_due: timedelta
    laws: Sequence[LawDate]

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


def watched(facts: Facts, limits: Limits, detail: str, patience: Patience) -> Iterator[Watched]:
    """A reading for everything that is so now."""
    yield from _long_term(facts, limits, detail)
    yield from _year_end(facts, detail)
    yield from _gains(facts, limits, detail)
    yield from _balances(facts.balances, detail, patience)
    yield from _review(facts, limits, detail, patience)
    yield from _sources(facts, limits)
    yield from _backup(facts)
    yield from _laws(facts)


def _one(title: str, body: str) -> dict[str, tuple[str, str]]:
    return {what: (f"Syncer: {title}", body) for what in ("opened", "again", "grew")}


def _long_term(facts: Facts, limits: Limits, detail: str) -> Iterator[Watched]:
    for one in facts.ripening:
        days = (one.long_on - facts.today).days
        if days > limits.long_term_days or abs(one.gain) < limits.lot_usd:
            continue
        lot = one.lot
        key = f"long_term:{lot.account}:{lot.asset}:{lot.lot_id}:{one.long_on}"
        what = "a short-term loss turns long-term" if one.gain < ZERO else "a gain turns long-term"
        what_lot = lot.asset
        if detail == "full":
            what_lot = f"{text(lot.quantity)} {lot.asset} of ${cents(abs(one.gain))}"
        body = f"At {lot.account} {what_lot}, on {one.long_on}."
        if detail == "none":
            body = "See the details with: syncer harvest"
        said = _one(f"{what} in {days} days", body)
        yield Watched(Reading.of(key, True, abs(one.gain)), said, ONCE)


def _year_end(facts: Facts, detail: str) -> Iterator[Watched]:
    """From October on: what is still worth doing by December 31."""
    left = (date(facts.today.year, 12, 31) - facts.today).days
    stage = next((s for s in reversed(STAGES) if left <= s), None)
    worth = [o for o in facts.openings if o.path and (o.net_benefit or ZERO) > ZERO]
    if stage is None or not worth:
        return
    benefit = sum((o.net_benefit or ZERO for o in worth), ZERO)
    dollars = f", ${cents(benefit)} of net benefit if each were alone" if detail == "full" else ""
    body = (
        f"{len(worth)} openings to harvest a loss are there{dollars}. A sale counts for this year "
        f"until December 31, {facts.zone.key}. Details: syncer harvest plan --goal max-benefit"
    )
    said = _one(f"{left} days to the end of the year", body)
    yield Watched(Reading.of(f"year_end:{facts.today.year}:{stage}", True), said, ONCE)


def _gains(facts: Facts, limits: Limits, detail: str) -> Iterator[Watched]:
    if limits.gains_usd is None:
        return
    dollars = f": ${cents(facts.realised)}" if detail == "full" else ""
    said = _one(f"the year's net gain is above your plan{dollars}", "Details: syncer tax")
    over = facts.realised > limits.gains_usd
    reading = Reading(f"gains:{facts.today.year}", over, not over, max(ZERO, facts.realised))
    yield Watched(reading, said, ONCE)


def _balances(
    balances: Iterable[BalanceFacts], detail: str, patience: Patience
) -> Iterator[Watched]:
    for one in balances:
        units = f" by {text(one.difference)}" if detail == "full" else ""
        since = f" since {one.since:%Y-%m-%d}" if one.since else ""
        body = (
            f"{one.source}: the ledger's {one.asset} at {one.account} differs{units} from what was "
            f"reported{since}. Details: syncer status"
        )
        if detail == "none":
            body = "Details: syncer status"
        reading = Reading.of(f"balance:{one.source}:{one.account}:{one.asset}", True)
        of_what = "" if detail == "none" else f" of {one.asset}"
        yield Watched(reading, _one(f"a balance{of_what} does not agree", body), patience)


def _review(facts: Facts, limits: Limits, detail: str, patience: Patience) -> Iterator[Watched]:
    dollars = f", ${cents(facts.undecided)}" if detail == "full" else ""
    body = f"{facts.open_items} open questions{dollars}. Details: syncer review"
    over = facts.undecided >= limits.review_usd > ZERO
    reading = Reading("review:queue", over, not over, facts.undecided)
    yield Watched(reading, _one("questions wait in review", body), patience)


def _sources(facts: Facts, limits: Limits) -> Iterator[Watched]:
    for one in facts.sources:
        stale = one.since is not None and facts.now - one.since > limits.stale_after
        when = f"{one.since:%Y-%m-%d %H:%M} UTC" if one.since else "never"
        body = f"Its last good reading is of {when}: what Syncer says of it may be old."
        reading = Reading.of(f"stale:{one.name}", stale)
        yield Watched(reading, _one(f"{one.name} is stale", body), AT_ONCE)


def _backup(facts: Facts) -> Iterator[Watched]:
    last, sentence = facts.backup
    late = last is not None and facts.now - last > 2 * facts.backup_due
    wrong = sentence or ("none was made when it was due" if late else None)
    said = _one("the backup failed", f"{wrong}. Details: syncer status")
    yield Watched(Reading.of("backup:service", wrong is not None), said, AT_ONCE)


def _laws(facts: Facts) -> Iterator[Watched]:
    for law in facts.laws:
        near = facts.today <= law.day <= facts.today + LAW_NEAR
        if near:
            said = _one(f"another rule holds from {law.day} on", law.what)
            yield Watched(Reading.of(f"law:{law.name}:{law.day}", True), said, ONCE)
