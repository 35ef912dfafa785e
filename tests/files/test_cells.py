"""Cells of files: numbers exact or refused, times of every shape."""

from __future__ import annotations

import pytest

from config.errors import DataError
from connectors.files.cells import number, when


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("$1,234.50", "1234.50"),
        ("-$3,300.00", "-3300.00"),
        ("($498.75)", "-498.75"),
        ("(0.07 BTC)", "-0.07"),
        ("0.03562499 BTC ", "0.03562499"),
        ("5E-7", "0.0000005"),
        ("0E-18", "0.000000000000000000"),
        ("CA$5.00", "5.00"),
        ("1INCH", None),
        ("0,123", None),
        ("1.234,56", None),
        ("12,34", None),
        ("abc", None),
        ("$", None),
        ("nan", None),
    ],
)
def test_cells_are_exact_or_refused(cell: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(DataError):
            number(cell, "Amount")
    else:
        assert format(number(cell, "Amount"), "f") == value


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2025-09-12 18:05:44 UTC", "2025-09-12T18:05:44+00:00"),
        ("2017-01-01 12:00:00 -0700", "2017-01-01T19:00:00+00:00"),
        ("06/20/2024 20:57:35", "2024-06-20T20:57:35+00:00"),
        ("4/6/2024 21:19", "2024-04-06T21:19:00+00:00"),
        ("06/20/2024", "2024-06-20T12:00:00+00:00"),
        ("20.06.2024", None),
        ("16:35.6", None),
        ("31/12/2024 10:00", None),
    ],
)
def test_times_of_files(cell: str, told: str | None) -> None:
    if told is None:
        with pytest.raises(DataError):
            when(cell, "Date")
    else:
        assert when(cell, "Date").isoformat() == told
