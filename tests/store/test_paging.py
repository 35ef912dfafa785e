"""Pages put together are the whole, in order, whatever is wanted and however few are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from syncer.events import Event, Leg
from syncer.ledger.derive import Derived
from syncer.lots.engine import replay
from syncer.lots.terms import Terms
from syncer.store import derived, paging
from syncer.store.database import Database
from syncer.store.migrate import migrate
from syncer.store.paging import Found, Place, Wanted, disposals_page, events_page, lots_page

START = datetime(2025, 1, 1, tzinfo=UTC)
ACCOUNTS, ASSETS, KINDS = ("a", "b"), ("BTC", "ETH", "SOL"), ("buy", "sell")


def _events(count: int) -> list[Event]:
    """Several at one instant; every third of another account, every seventh with a hash."""
    found = []
    for n in range(count):
        account, asset = ACCOUNTS[n % 3 == 0], ASSETS[n % 5 % 3]
        kind = KINDS[n % 4 == 3]
        units = Decimal(1) if kind == "buy" else Decimal("-0.5")
        legs = (
            Leg(account, asset, units, "principal", Decimal(10)),
            Leg(account, "USD", -10 * units, "principal", Decimal(10)),
        )
        at = START + timedelta(hours=n // 2)
        txid = f"0x{n:064x}" if n % 7 == 0 else None
        evidence = "a RARE one" if n == 5 else "usual"
        found.append(Event(f"e{n:012x}", kind, at, legs, "r", evidence, "sure", txid))
    return found


EVENTS = _events(60)
DONE = replay(EVENTS, Terms(ZoneInfo("America/New_York"), orders=[]))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('paging') / 'x.db'}")
    migrate(made)
    done = Derived((), tuple(EVENTS), DONE.lots, DONE.disposals, DONE.holdings)
    with made.write() as connection:
        derived.save(connection, done, [], {}, {})
    yield made
    made.close()


Page = Callable[[Connection, Wanted, Place | None], Found[Any]]


def _all(database: Database, page: Page, wanted: Wanted) -> list[Any]:
    found, after = [], None
    with database.read() as connection:
        for _ in range(200):
            one = page(connection, wanted, after)
            assert len(one.rows) <= paging.SIZE
            found += one.rows
            if (after := one.after) is None:
                return found
    raise AssertionError("the pages do not end")


wishes = st.builds(
    Wanted,
    account=st.sampled_from((None, *ACCOUNTS, "nobody")),
    asset=st.sampled_from((None, *ASSETS, "USD")),
    kind=st.sampled_from((None, *KINDS)),
    start=st.sampled_from((None, START + timedelta(hours=7))),
    end=st.sampled_from((None, START + timedelta(hours=19))),
    text=st.sampled_from((None, "rare", "0x", "%")),
)


def _fits(wanted: Wanted, at: datetime) -> bool:
    return (wanted.start is None or at >= wanted.start) and (wanted.end is None or at < wanted.end)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(wanted=wishes, size=st.integers(1, 7), most=st.integers(8, 30))
def test_pages_are_the_whole(
    database: Database, wanted: Wanted, size: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "SIZE", size)
    monkeypatch.setattr(paging, "MOST", most)

    def is_wanted(event: Event) -> bool:
        legs = [g for g in event.legs if wanted.account in (None, g.account)]
        legs = [g for g in legs if wanted.asset in (None, g.asset)]
        said = wanted.text is None or wanted.text.lower() in event.evidence.lower()
        kind = wanted.kind in (None, event.kind)
        return bool(legs) and said and kind and _fits(wanted, event.at)

    newest = sorted(EVENTS, key=lambda e: (e.at, e.event_id), reverse=True)
    expected = [e.event_id for e in newest if is_wanted(e)]
    assert [e.event_id for e in _all(database, events_page, wanted)] == expected

    sold = sorted(DONE.disposals, key=lambda d: (d.disposed_at, d.disposal_id), reverse=True)
    ids = [
        d.disposal_id
        for d in sold
        if wanted.account in (None, d.account)
        and wanted.asset in (None, d.asset)
        and wanted.kind in (None, d.kind)
        and _fits(wanted, d.disposed_at)
    ]
    assert [d.disposal_id for d in _all(database, disposals_page, wanted)] == ids

    lots = [
        (x.acquired_at, x.lot_id)
        for x in DONE.lots
        if wanted.account in (None, x.account)
        and wanted.asset in (None, x.asset)
        and _fits(wanted, x.acquired_at)
    ]
    found = [(x.acquired_at, x.lot_id) for x in _all(database, lots_page, wanted)]
    assert sorted(found) == sorted(lots)
    assert [at for at, _ in found] == sorted((at for at, _ in found), reverse=True)


def test_an_id_and_a_hash_are_found_whatever_else_is_wanted(database: Database) -> None:
    with database.read() as connection:
        for text in ("e00000000000e", f"0x{14:064x}"):
            (found,) = events_page(connection, Wanted(text=text)).rows
            assert found == EVENTS[14]
            assert len(found.legs) == 2
