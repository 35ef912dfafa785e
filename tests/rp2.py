"""Drives rp2 1.7.2, a peer, on one asset in one account: the same history, its lots.

Importing rp2 makes a `log` folder, a console handler and another decimal context; here it gets a
folder and a context of its own.
"""

from __future__ import annotations

import contextlib
import decimal
import logging
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

CONTEXT = decimal.Context(
    prec=31,
    rounding=decimal.ROUND_HALF_EVEN,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.FloatOperation],
)
INI = """[general]
assets = {assets}
exchanges = X
holders = H
[in_header]
timestamp = 0
[out_header]
timestamp = 0
[intra_header]
timestamp = 0
"""
_PARTS = {
    "AbstractCountry": "abstract_country",
    "AccountingEngine": "accounting_engine",
    "Configuration": "configuration",
    "InTransaction": "in_transaction",
    "InputData": "input_data",
    "OutTransaction": "out_transaction",
    "RP2Decimal": "rp2_decimal",
    "TransactionSet": "transaction_set",
    "compute_tax": "tax_engine",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A buy or a sell: dollars per unit, and the fee of a buy."""

    at: datetime
    buys: bool
    units: Decimal
    price: Decimal
    fee: Decimal = Decimal(0)


class Slice(NamedTuple):
    """What one lot gave to one sale; `sale` and `lot` are places in the rows."""

    sale: int
    lot: int
    units: Decimal
    proceeds: Decimal
    basis: Decimal
    gain: Decimal
    is_long: bool


def _load() -> Any:
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        decimal.localcontext(CONTEXT),
    ):
        logger = import_module("rp2.logger").LOGGER
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(logging.CRITICAL)
        logger.propagate = False
        parts = {name: getattr(import_module(f"rp2.{m}"), name) for name, m in _PARTS.items()}
        parts["AVLTree"] = import_module("prezzemolo.avl_tree").AVLTree
        return SimpleNamespace(**parts)


_rp2 = _load()


def configuration(assets: Iterable[str]) -> Any:
    """rp2's settings for these assets, by the US rules that its engine asks for."""

    class UnitedStates(_rp2.AbstractCountry):  # type: ignore[misc,name-defined]
        def get_long_term_capital_gain_period(self) -> int:
            return 365

        def get_report_generators(self) -> set[str]:
            return set()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rp2.ini")
        path.write_text(INI.format(assets=", ".join(assets)), encoding="utf-8")
        return _rp2.Configuration(str(path), UnitedStates("us", "usd"))


def input_data(config: Any, asset: str, rows: Iterable[Row]) -> Any:
    """The rows as rp2 reads them; call it in `decimal.localcontext(CONTEXT)`."""
    exact = _rp2.RP2Decimal
    sets = {kind: _rp2.TransactionSet(config, kind, asset) for kind in ("IN", "OUT", "INTRA")}
    for number, row in enumerate(rows, 1):
        shared = {
            "configuration": config,
            "timestamp": row.at.isoformat(),
            "asset": asset,
            "exchange": "X",
            "holder": "H",
            "spot_price": exact(row.price),
            "row": number,
        }
        units = exact(row.units)
        if row.buys:
            fee = exact(row.fee)
            one = _rp2.InTransaction(
                transaction_type="buy", crypto_in=units, fiat_fee=fee, **shared
            )
            sets["IN"].add_entry(one)
        else:
            none = exact("0")
            one = _rp2.OutTransaction(
                transaction_type="sell", crypto_out_no_fee=units, crypto_fee=none, **shared
            )
            sets["OUT"].add_entry(one)
    return _rp2.InputData(asset, sets["IN"], sets["OUT"], sets["INTRA"])


def compute(config: Any, data: Any, method: str) -> Any:
    """rp2's compute step for one asset."""
    years = _rp2.AVLTree()
    plugin = import_module(f"rp2.plugin.accounting_method.{method}")
    years.insert_node(1970, plugin.AccountingMethod())
    return _rp2.compute_tax(config, _rp2.AccountingEngine(years), data)


def slices(config: Any, asset: str, rows: Iterable[Row], method: str) -> list[Slice]:
    """What rp2 makes of a history that never sells more than it has, and sells something."""
    with decimal.localcontext(CONTEXT):
        computed = compute(config, input_data(config, asset, rows), method)
        return [
            Slice(
                one.taxable_event.row - 1,
                one.acquired_lot.row - 1,
                Decimal(one.crypto_amount),
                Decimal(one.taxable_event_fiat_amount_with_fee_fraction),
                Decimal(one.fiat_cost_basis),
                Decimal(one.fiat_gain),
                one.is_long_term_capital_gains(),
            )
            for one in computed.gain_loss_set
        ]
