"""Looks at what is so, and puts what is worth a message in the outbox: states and messages go in
together."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import timedelta

from config.exact import text
from config.settings import Settings
from connectors.notify import channel_of
from syncer.alerts import conditions, openings
from syncer.alerts.conditions import BalanceFacts, Facts, LawDate, SourceFacts
from syncer.alerts.openings import Words
from syncer.alerts.states import Patience, stepped
from syncer.books import Books
from syncer.harvest.opportunity import Limits
from syncer.harvesting import Found, apart_from_each_other
from syncer.lots.identification import RELIEF_ENDS
from syncer.store import alerts, jobs, records
from syncer.store.database import Database
from syncer.taxpayer import taxpayer_in

BACKUP = "backup"  # the job's name


def tell(
    database: Database, settings: Settings, books: Books, found: Found, sources: Sequence[str]
) -> int:
    """How many messages are due after this look."""
    stale = {a for a, m in found.prices.items() if found.now - m.at > settings.prices.max_age}
    facts = _facts(database, settings, books, found, sources, stale)
    with database.write() as connection:
        states = alerts.alert_states(connection)
        watched = [
            *openings.watched(
                [*found.sales, *found.apart],
                [key for key, s in states.items() if s.state != "clear"],
                _thresholds(settings),
                settings.alerts.clear_ratio,
                _patience(settings),
                _words(settings, found),
                found.now,
                stale,
            ),
            *conditions.watched(
                facts, _limits(settings), settings.alerts.detail, _patience(settings)
            ),
        ]
        due, channels = 0, [channel_of(u) for u in settings.alerts.urls]
        for state, message in stepped(states, watched, conditions.RULES, found.now):
            if state != states.get(state.key):
                alerts.save_alert(connection, state)
            if message is not None:
                alerts.put_in_outbox(connection, message, channels, found.now)
                due += 1
    return due


def _patience(settings: Settings) -> Patience:
    told = settings.alerts
    return Patience(told.confirm_readings, timedelta(minutes=told.confirm_minutes), told.cooldown)


def _thresholds(settings: Settings) -> Limits:
    told = settings.harvest
    return Limits(told.min_loss_usd, told.min_loss_percent, told.min_benefit_usd)


def _words(settings: Settings, found: Found) -> Words:
    year = found.now.astimezone(settings.zone).year
    who = taxpayer_in(settings, year)
    state = f", state {text(who.state_rate * 100)}%" if who.state_rate else ""
    rates = f" (filing {who.filing_status}, brackets of {year}{state})"
    wash, day = settings.wash_sale, found.now.astimezone(settings.zone).date()
    enforced = wash.mode == "enforce" and (wash.from_ is None or wash.from_ <= day)
    return Words(settings.alerts.detail, settings.zone, settings.prices.max_age, rates, enforced)


def _limits(settings: Settings) -> conditions.Limits:
    told = settings.alerts
    return conditions.Limits(
        long_term_days=told.long_term_days,
        lot_usd=settings.harvest.min_loss_usd,
        gains_usd=told.gains_above_usd,
        review_usd=told.review_usd,
        stale_after=told.stale_after,
    )


def _facts(
    database: Database,
    settings: Settings,
    books: Books,
    found: Found,
    sources: Sequence[str],
    stale: Container[str],
) -> Facts:
    with database.read() as connection:
        pulls = records.last_pulls(connection)
        first = records.first_pulls(connection)
        ran = {j.name: j for j in jobs.jobs(connection)}
    backup = ran.get(BACKUP)
    return Facts(
        now=found.now,
        zone=settings.zone,
        ripening=[r for r in found.ripening if r.lot.asset not in stale],
        openings=apart_from_each_other(s for s in found.sales if s.asset not in stale),
        realised=found.before.short_term + found.before.long_term,
        undecided=books.undecided_usd,
        open_items=len(books.review),
        balances=[
            BalanceFacts(b.source, b.account, b.asset, b.computed - b.reported, b.differs_since)
            for b in books.balances
            if b.reported != b.computed
        ],
        sources=[
            SourceFacts(name, pulls.get(name, (None, None))[0] or first.get(name))
            for name in sources
        ],
        backup=(backup.succeeded_at, backup.sentence) if backup else (None, None),
        backup_due=settings.schedule.backup,
        laws=list(_laws(settings, books)),
    )


def _laws(settings: Settings, books: Books) -> Iterator[LawDate]:
    """Days from which another rule binds, as the settings and the law have them."""
    if settings.wash_sale.from_ is not None:
        what = "losses on coins bought again within 30 days are marked or disallowed ([wash_sale])"
        yield LawDate("wash_sale", settings.wash_sale.from_, what)
    if untold := sorted(_untold(settings, books)):
        what = (
            f"from then on an order binds at a broker only if the broker was told of it (Notice "
            f"2026-20): {', '.join(untold)}. See: syncer identify --list"
        )
        yield LawDate("relief", RELIEF_ENDS + timedelta(days=1), what)


def _untold(settings: Settings, books: Books) -> set[str]:
    """Accounts at brokers with an order in force that the broker was not told of."""
    brokers = {a.name for a in settings.account if a.broker}
    newest = {(o.account, o.asset): o for o in sorted(books.orders, key=lambda o: o.effective_at)}
    return {
        order.account
        for order in newest.values()
        if order.account in brokers and order.given_to_broker_at is None
    }
