"""The service while its database is away, or becomes another's: it goes on, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import SyncerError
from config.settings import Settings
from syncer import daemon, systemd
from syncer.pipeline import Pipeline
from syncer.store.database import Database
from syncer.store.migrate import migrate

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class OurLock:
    """Ours, lost, or nobody knows."""

    def __init__(self) -> None:
        self.is_ours: bool | None = True

    def taken(self) -> bool:
        if self.is_ours is None:
            raise SyncerError("the database cannot be used: it is away")
        return self.is_ours

    def release(self) -> None:
        self.is_ours = False


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd hears."""
    lines: list[str] = []
    monkeypatch.setattr(systemd, "tell", lambda *said: lines.extend(said))
    monkeypatch.setattr(systemd, "watchdog_seconds", lambda: 0.15)  # three beats
    return lines


@pytest.fixture
def service(tmp_path: Path) -> Iterator[daemon._Service]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(database)
    settings = Settings(prices={"sources": ()})  # type: ignore[arg-type]
    pipeline = Pipeline(settings, database, lambda: NOW)
    yield daemon._Service(settings, None, database, pipeline, lambda: NOW, OurLock())
    database.close()


async def _until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not so():
            await asyncio.sleep(0.01)


async def test_the_watchdog_is_fed_while_the_database_is_away_and_then_all_goes_on(
    service: daemon._Service, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, last = service._instance, service._last
    assert isinstance(lock, OurLock)
    lock.is_ours, service._due_anew = None, True
    scheduled: list[object] = []
    monkeypatch.setattr(service, "_schedule", scheduled.append)

    def away() -> daemon.Last:
        raise SyncerError("the database cannot be used: it is away")

    monkeypatch.setattr(service, "_last", away)
    monkeypatch.setattr(service, "_status_line", away)
    beating = asyncio.create_task(service._beat())
    await _until(lambda: told.count("WATCHDOG=1") >= 4)
    assert any(line == "STATUS=the database cannot be used: it is away" for line in told)
    assert (scheduled, beating.done()) == ([], False)
    monkeypatch.setattr(service, "_last", last)
    lock.is_ours = True
    await _until(lambda: bool(scheduled))
    assert (scheduled, service._lost) == ([{}], False)
    beating.cancel()


async def test_a_database_that_never_answers_stops_no_beat(
    service: daemon._Service, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    free = threading.Event()
    monkeypatch.setattr(daemon, "PATIENCE", 0.05)
    monkeypatch.setattr(service, "_status_line", lambda: str(free.wait(10)))
    beating = asyncio.create_task(service._beat())
    await _until(lambda: told.count("WATCHDOG=1") >= 3)
    assert f"STATUS={daemon.AWAY}" in told
    free.set()
    beating.cancel()


async def test_it_ends_when_another_has_the_database(
    service: daemon._Service, told: list[str]
) -> None:
    assert isinstance(service._instance, OurLock)
    service._instance.is_ours = False
    with pytest.raises(SyncerError, match="another one uses its database"):
        async with asyncio.timeout(10):
            await service.run()
    assert "READY=1" in told


async def test_a_job_does_not_begin_in_a_database_that_is_anothers(
    service: daemon._Service, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(service._instance, OurLock)
    service._instance.is_ours = False
    ran: list[str] = []

    async def job() -> None:
        ran.append("job")

    await service._recorded("prices", job)
    assert ran == []
    assert "another service uses" in caplog.text
    assert not service._all_is_well()


async def test_settings_that_cannot_be_applied_now_leave_the_old_ones_and_the_signal_heard(
    service: daemon._Service, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = service._settings

    def away() -> daemon.Last:
        raise SyncerError("the database cannot be used: it is away")

    monkeypatch.setattr(service, "_last", away)
    asked = asyncio.Event()
    hearing = asyncio.create_task(service._reload_when(asked))
    for _ in range(2):
        told.clear()
        asked.set()
        await _until(lambda: "READY=1" in told)
        assert told[0] == "RELOADING=1"
        assert service._settings is old
    hearing.cancel()
