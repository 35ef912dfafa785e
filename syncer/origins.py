"""What is set, and where: in the environment, on the page, in the file, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from config.edits import EDITABLE, check_name
from config.errors import ConfigError, UsageError
from config.exact import text
from config.settings import Settings, load
from config.toml_lines import line_of
from syncer.store import edits
from syncer.store.database import Database
from syncer.store.web_tables import EditRow


@dataclass(frozen=True, slots=True)
class Set:
    """One setting that may be changed on the page: its value as it would be written."""

    name: str
    meaning: str
    value: str | None
    origin: str
    choices: tuple[str, ...] = ()
    edited: bool = False


def all_set(settings: Settings, path: Path | None, database: Database) -> list[Set]:
    """Those that may be changed, and those of single years that are set on the page."""
    with database.read() as connection:
        edited = edits.rows(connection)
    lines = path.read_text(encoding="utf-8") if path and path.is_file() else ""
    names = [*EDITABLE, *(n for n in edited if n not in EDITABLE)]
    return [_one(name, settings, lines, path, edited) for name in names]


def _one(
    name: str, settings: Settings, lines: str, path: Path | None, edited: Mapping[str, EditRow]
) -> Set:
    row = edited.get(name)
    value = row.value if row else written(_value(settings, name))
    meaning = EDITABLE.get(name) or f"In that year: {EDITABLE[_of_any_year(name)]}"
    origin = _origin(name, lines, path, row)
    return Set(name, meaning, value, origin, _choices(name), row is not None)


def _of_any_year(name: str) -> str:
    return ".".join(part for part in name.split(".") if not part.isdecimal())


def _origin(name: str, lines: str, path: Path | None, row: EditRow | None) -> str:
    variable = "SYNCER_" + name.upper().replace(".", "__")
    if variable in os.environ:
        return f"the environment, {variable}"
    if row is not None:
        return f"the page, by {row.who}"
    line = line_of(lines, name.split("."))
    last = lines.splitlines()[line - 1].strip() if line else ""
    if line and not last.startswith("["):
        return f"{path}, line {line}"
    return "the default"


def _value(settings: Settings, name: str) -> Any:
    found: Any = settings
    for part in name.split("."):
        found = getattr(found, "from_" if part == "from" else part, None)
    return found


def written(value: Any) -> str | None:
    """A value as a person would write it in the file."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return _length(value)
    return text(value) if isinstance(value, Decimal) else str(value)


def _length(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


@cache
def _choices(name: str) -> tuple[str, ...]:
    """What a setting may be, where that is a list."""
    return tuple(_listed(name))


def _listed(name: str) -> Iterator[str]:
    section, _, key = _of_any_year(name).rpartition(".")
    schema: Any = Settings.model_fields[section].annotation
    told = schema.model_json_schema()["properties"].get(key, {})
    options = [told, *told.get("anyOf", ())]
    for one in options:
        yield from (str(v) for v in one.get("enum", ()))
        if one.get("const") is not None:
            yield str(one["const"])
        if one.get("type") == "boolean":
            yield from ("true", "false")


def change(
    path: Path | None, database: Database, name: str, value: str | None, who: str, now: datetime
) -> Settings:
    """Set one on the page, or let the file say it again; what holds then. Raises UsageError if the
    value does not fit, and nothing is changed."""
    check_name(name)
    with database.write() as connection:
        after = edits.edits(connection)
        if value is None and name not in after:
            raise UsageError(f"{name} is not set on the page")
        if value is None:
            del after[name]
        else:
            after[name] = value
        try:
            settings = load(path, after)
        except ConfigError as error:
            told = str(error).splitlines()[0].partition(f"{name}: ")
            raise UsageError(f"{name}: {told[2] or told[0]}") from None
        edits.add(connection, name, value, who, now)
    return settings
