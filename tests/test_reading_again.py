"""Settings read again while they are being read again: the later ones hold."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from config import settings as configuration
from config.settings import Settings
from syncer import daemon
from syncer.pipeline import Pipeline
from syncer.store.database import Database
from syncer.store.migrate import migrate
from tests.test_beat import NOW, OurLock

SETTINGS = '[database]\nurl = "sqlite:///x.db"\n[prices]\nsources = []\n[harvest]\nmin_loss_usd = '


async def test_of_two_reloads_at_once_the_later_settings_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "syncer.toml"
    path.write_text(f"{SETTINGS}500\n")
    settings = configuration.load(path)
    database = Database(settings.database_url)
    migrate(database)
    pipeline = Pipeline(settings, database, lambda: NOW)
    service = daemon._Service(settings, path, database, pipeline, lambda: NOW, OurLock())  # type: ignore[arg-type]
    loads, first_is_loading, first_may_end = list[int](), threading.Event(), threading.Event()

    def load(new: Settings) -> None:
        loads.append(int(new.harvest.min_loss_usd))
        if loads == [600]:
            first_is_loading.set()
            assert first_may_end.wait(10)

    monkeypatch.setattr(daemon, "load_clients", load)
    path.write_text(f"{SETTINGS}600\n")
    earlier = asyncio.create_task(service._reload())
    assert await asyncio.to_thread(first_is_loading.wait, 10)
    path.write_text(f"{SETTINGS}700\n")
    later = asyncio.create_task(service._reload())
    await asyncio.sleep(0.2)
    first_may_end.set()
    await asyncio.gather(earlier, later)
    assert loads == [600, 700]
    assert service._settings.harvest.min_loss_usd == 700
    database.close()
