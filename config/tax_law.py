"""What the law sets for one year, read from `tax_years/YYYY.toml`; an unknown year is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from config.errors import UsageError


@dataclass(frozen=True, slots=True)
class TaxYear:
    """The dated figures of one year; every mapping is keyed by filing status."""

    year: int
    loss_limit: Mapping[str, Decimal]
    niit_rate: Decimal
    niit_threshold: Mapping[str, Decimal]
    ordinary_rates: tuple[Decimal, ...]
    ordinary_from: Mapping[str, tuple[Decimal, ...]]
    long_term_rates: tuple[Decimal, ...]
    long_term_tops: Mapping[str, tuple[Decimal, ...]]
    boxes: Mapping[str, str]


def known_years() -> list[int]:
    folder = files("config").joinpath("tax_years")
    return sorted(int(f.name.removesuffix(".toml")) for f in folder.iterdir() if f.name[0] == "2")


@cache
def tax_year(year: int) -> TaxYear:
    """The figures of `year`; raises UsageError that says what to add if there is no table."""
    path = files("config").joinpath("tax_years", f"{year}.toml")
    if not path.is_file():
        years = ", ".join(map(str, known_years()))
        raise UsageError(
            f"there are no tax figures for {year} (known: {years}); "
            f"add config/tax_years/{year}.toml with brackets, thresholds and their sources"
        )
    return _parse(tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal))


def _parse(data: dict[str, Any]) -> TaxYear:
    def column(table: dict[str, Any]) -> dict[str, tuple[Decimal, ...]]:
        return {k: tuple(map(Decimal, v)) for k, v in table.items() if k != "rates"}

    return TaxYear(
        year=data["year"],
        loss_limit={k: Decimal(v) for k, v in data["loss_limit"].items()},
        niit_rate=data["niit"]["rate"],
        niit_threshold={k: Decimal(v) for k, v in data["niit"]["threshold"].items()},
        ordinary_rates=tuple(data["ordinary"]["rates"]),
        ordinary_from=column(data["ordinary"]),
        long_term_rates=tuple(data["long_term"]["rates"]),
        long_term_tops=column(data["long_term"]),
        boxes=data["form_8949"],
    )
