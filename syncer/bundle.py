"""What a bug report needs, with nothing in it that is private: settings by their keys, versions,
findings, jobs, counts."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from config.errors import SyncerError
from config.settings import Settings
from syncer.doctor import Finding
from syncer.redaction import Redaction
from syncer.store import jobs, records
from syncer.store.database import Database

# what a value may be shown of: words and numbers of ours, no names and no amounts
_SHOWN = frozenset(
    ("filing_status", "time_zone", "method", "transfer_order", "before_2025", "wrap", "bridge",
     "liquidity", "liquid_staking", "lending", "fees_before_2025", "mode", "from_", "detail",
     "quiet_hours", "cooldown", "confirm_readings", "confirm_minutes", "daily_budget", "sync",
     "prices", "harvest", "digest", "backup", "sources", "stablecoins", "max_age", "whole_dollars",
     "exception_1", "exception_2", "chain_id", "confirmations", "kind", "venue", "broker", "pool",
     "chains", "rate_limit_ms", "allow_trade_key", "enabled", "port", "allow_remote")
)  # fmt: skip


def write_bundle(
    target: Path, settings: Settings, database: Database, findings: Iterable[Finding]
) -> Path:
    """A zip that only its owner can read. Raises SyncerError if it cannot be written."""
    redaction = Redaction(settings, os.environ.get("HOME", ""))
    documents = {
        "findings.json": [asdict(f) for f in findings],
        "settings.json": shown(settings.model_dump(mode="json")),
        "database.json": _counts(database),
    }
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as bundle:
            for name, document in documents.items():
                text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
                bundle.writestr(name, redaction.clean(text))
    except OSError as error:
        raise SyncerError(f"the bundle {target} cannot be written: {error.strerror}") from None
    return target


def shown(value: Any, key: str = "") -> Any:
    """A settings' value; of what may be private only whether it is set."""
    if isinstance(value, Mapping):
        return {k: shown(v, k) for k, v in value.items() if v not in (None, (), [], {})}
    if isinstance(value, list | tuple):
        return [shown(v, key) for v in value]
    return value if key in _SHOWN or isinstance(value, bool) else "set"


def _counts(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        rows = {
            name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for name, table in sorted(SQLModel.metadata.tables.items())
        }
        ran = [j.model_dump(mode="json") for j in jobs.jobs(connection)]
        pulls = {s: [str(at), told] for s, (at, told) in records.last_pulls(connection).items()}
    return {"rows": rows, "jobs": ran, "pulls": pulls, "bytes": database.size()}
