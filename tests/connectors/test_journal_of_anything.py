"""Any journal, written out and read again, gives the same lots and disposals under every rule."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.files import journal
from connectors.records import RawRecord
from syncer.events import Event
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from syncer.ledger.values import Quote, value
from syncer.lots.engine import replay
from syncer.lots.model import Replay
from syncer.lots.terms import StandingOrder, Terms
from syncer.reports.journal import journal_rows

COINS = ("BTC", "ETH", "WETH", "SOL", "w:FOO")
START = datetime(2024, 1, 1, tzinfo=UTC)


class _Prices(dict[Any, Quote]):
    """Every listed coin costs 100; the other has no price."""

    def get(self, key: Any, default: Any = None) -> Any:
        return default if key[0].startswith("w:") else Quote(Decimal(100), "test")


def _rows(chance: random.Random) -> list[dict[str, str]]:
    return [_row(chance) for _ in range(chance.randint(1, 12))]


def _row(chance: random.Random) -> dict[str, str]:
    def units() -> str:
        return str(Decimal(chance.randint(1, 5000)) / 1000)

    kind = chance.choice(list(journal.KINDS))
    out, into = chance.sample(COINS, 2)
    account = chance.choice("ab")
    hour = START + timedelta(hours=chance.randint(0, 300))
    row = {"time": hour.isoformat(), "kind": kind, "account": account}
    if "o" in journal.KINDS[kind]:
        row |= {"out_asset": "USD" if kind == "buy" else out, "out_quantity": units()}
    if "i" in journal.KINDS[kind]:
        row |= {"in_asset": "USD" if kind == "sell" else into, "in_quantity": units()}
    if kind == "transfer":
        row["to_account"] = "b" if account == "a" else "a"
    if kind in ("opening", "gift_in", "inheritance"):
        row |= {"lot_acquired_at": "2023-05-05", "lot_basis_usd": units()}
    if kind == "fee" or chance.random() < 0.4:
        row |= {"fee_asset": chance.choice((*COINS, "USD", "EUR")), "fee_quantity": units()}
    if kind.startswith("income:") and row.get("fee_asset") == row["in_asset"]:
        fee = min(row["fee_quantity"], row["in_quantity"], key=Decimal)  # a cut is no more than all
        row["fee_quantity"] = fee
    if chance.random() < 0.3:
        row["txid"] = f"0x{chance.randint(1, 5)}"
    if row.get("in_asset") not in (None, "USD") and chance.random() < 0.3:
        row["in_usd"] = units()
    return row


def _text(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, journal.COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _books(records: list[RawRecord], rule: str) -> tuple[list[Event], Replay]:
    translation = journal.translate(records)
    assert translation.problems == ()
    events = value(name_events(translation.entries, (), Treatments()), _Prices())
    early = START - timedelta(days=1)
    orders = [StandingOrder(a, None, rule, early, "proved") for a in "ab"]
    return events, replay(events, Terms(ZoneInfo("America/New_York"), orders=orders))


def _seen(books: Replay) -> tuple[list[str], list[str]]:
    """All that a person sees, without the ids, which follow from the source."""
    disposals = sorted(
        f"{d.account} {d.asset} {d.quantity:f} {d.acquired_at} {d.disposed_at} {d.proceeds_usd} "
        f"{d.basis_usd} {d.gain_usd} {d.term} {d.kind} {d.gaps}"
        for d in books.disposals
    )
    lots = sorted(
        f"{x.account} {x.asset} {x.quantity:f} {x.basis_usd} {x.acquired_at} {x.state}"
        for x in books.lots
    )
    return disposals, lots


@pytest.mark.parametrize("seed", range(300))
def test_written_and_read_again(seed: int) -> None:
    chance = random.Random(seed)
    rule = chance.choice(("fifo", "lifo", "hifo", "lofo"))
    records, refused = journal.read(_text(_rows(chance)))
    assert refused == []
    events, first = _books(records, rule)
    rows, left_out = journal_rows(events)
    assert left_out == 0
    again, refused = journal.read("".join(journal.write(rows)))
    assert refused == []
    _, second = _books(again, rule)
    assert _seen(second) == _seen(first)
