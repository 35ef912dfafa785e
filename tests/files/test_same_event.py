"""One history by a venue's API, its file and a person's journal is one history."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncer.demo.exchange import Book
from tests.conftest import Run
from tests.venue import NOW, Venue, row, venue
from tests.venues.coinbase import LocalCoinbase
from tests.venues.test_cases import Ask, asked

D = Decimal
__all__ = ["asked"]  # a fixture

LEDGERS = {
    "L1": row("Q1", "2025-01-05 10:00:00", "deposit", "ZUSD", "5000.0000"),
    "L2": row("T1", "2025-01-06 10:00:00", "trade", "ZUSD", "-1000.0000", fee="2.6000"),
    "L3": row("T1", "2025-01-06 10:00:00", "trade", "XXBT", "0.0100000000"),
    # two equal fills of one second
    "L4": row("T2", "2025-02-06 10:00:00", "trade", "ZUSD", "-300.0000", fee="0.7800"),
    "L5": row("T2", "2025-02-06 10:00:00", "trade", "XETH", "0.1000000000"),
    "L6": row("T3", "2025-02-06 10:00:00", "trade", "ZUSD", "-300.0000", fee="0.7800"),
    "L7": row("T3", "2025-02-06 10:00:00", "trade", "XETH", "0.1000000000"),
    # the fee from what was bought
    "L8": row("T4", "2025-03-06 10:00:00", "trade", "ZUSD", "-500.0000"),
    "L9": row("T4", "2025-03-06 10:00:00", "trade", "ADA", "625.0000", fee="1.2500"),
    "LA": row("T5", "2025-04-06 10:00:00", "trade", "XETH", "-0.1500000000"),
    "LB": row("T5", "2025-04-06 10:00:00", "trade", "ZUSD", "600.0000", fee="1.5600"),
    "LC": row("T6", "2025-05-06 10:00:00", "trade", "ADA", "-623.7500", fee="0.0000"),
    "LD": row("T6", "2025-05-06 10:00:00", "trade", "XXBT", "0.0050000000", fee="0.0000100000"),
}
NAMES = {"ZUSD": "USD", "XXBT": "BTC", "XETH": "ETH", "ADA": "ADA"}


def _csv() -> str:
    lines = ['"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"']
    for key, one in LEDGERS.items():
        when = datetime.fromtimestamp(one["time"], UTC)  # type: ignore[arg-type]
        cells = (key, one["refid"], f"{when:%Y-%m-%d %H:%M:%S}", one["type"], "", "currency")
        lines.append(",".join(f'"{c}"' for c in (*cells, one["asset"])))
        lines[-1] += f",{one['amount']},{one['fee']},0"
    return "\n".join(lines) + "\n"


def _journal() -> str:
    """The same by hand, a row for each event."""
    events: dict[str, list[dict[str, Any]]] = {}
    for one in LEDGERS.values():
        events.setdefault(str(one["refid"]), []).append(one)
    lines = ["time,kind,account,out_asset,out_quantity,in_asset,in_quantity,fee_asset,fee_quantity"]
    for rows in events.values():
        when = datetime.fromtimestamp(rows[0]["time"], UTC)
        out = next((r for r in rows if D(r["amount"]) < 0), None)
        into = next((r for r in rows if D(r["amount"]) > 0), None)
        fee = next((r for r in rows if D(r["fee"])), None)
        assert into
        kind = "deposit" if out is None else "trade"
        if out and NAMES[out["asset"]] == "USD":
            kind = "buy"
        elif out and NAMES[into["asset"]] == "USD":
            kind = "sell"
        cells = [f"{when:%Y-%m-%dT%H:%M:%SZ}", kind, "kraken"]
        for side, column in ((out, "amount"), (into, "amount"), (fee, "fee")):
            cells += [NAMES[side["asset"]], side[column].lstrip("-")] if side else ["", ""]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _seen(run: Run, config: Path) -> list[list[str]]:
    rows = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    rows += run("lots", "--json", config=config).json["lots"]
    hidden = ("event_id", "disposal_id", "lot_id", "source_event", "road", "txid")
    return sorted([str(v) for k, v in r.items() if k not in hidden] for r in rows)


FORMS = {
    "journal": ("journal",),
    "api": ("api",),
    "csv": ("csv",),
    "api, then csv": ("api", "csv"),
    "csv, then api": ("csv", "api"),
    "csv twice": ("csv", "csv"),
    "journal, csv, api, csv": ("journal", "csv", "api", "csv"),
}


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SYNCER_NOW", NOW.isoformat())
    book = Book()
    book.ledgers = dict(LEDGERS)
    with venue(tmp_path, book) as one:
        text = one.config.read_text().replace('broker = "Kraken"\n', "")
        head, _, _ = text.partition("[prices]")
        one.config.write_text(head + "[prices]\nsources = []\n")
        yield one


def _do(run: Run, local: Venue, tmp_path: Path, steps: tuple[str, ...]) -> None:
    texts = {"csv": _csv(), "journal": _journal()}
    for step in steps:
        if step == "api":
            done = run("sync", "--json", config=local.config)
            assert done.json["sync"]["sources"][0]["balance_gaps"] == 0, done.out
        else:
            file = tmp_path / f"{step}.csv"
            file.write_text(texts[step])
            done = run("import", str(file), config=local.config)
        assert done.code == 0, done.err


def test_one_history_in_many_forms_gives_the_same_disposals(
    run: Run, local: Venue, tmp_path: Path
) -> None:
    seen = {}
    for name, steps in FORMS.items():
        for old in tmp_path.glob("syncer.db*"):
            old.unlink()
        _do(run, local, tmp_path, steps)
        seen[name] = _seen(run, local.config)
        review = run("review", "--json", config=local.config).json["review"]
        assert [r for r in review if r["kind"] == "duplicate"] == []
    expected = seen.pop("api")
    assert len(expected) == 8
    for name, found in seen.items():
        assert found == expected, name


def test_what_a_file_tells_before_the_api_begins_is_proved_with_it(
    run: Run, local: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API lost its first rows; the file has them, and both add up to the balance."""
    whole = local.book.balances()
    monkeypatch.setattr(local.book, "balances", lambda: whole)
    for key in ("L1", "L2", "L3"):
        del local.book.ledgers[key]
    lacking = run("sync", "--json", config=local.config).json["sync"]["sources"][0]
    assert lacking["balance_gaps"] == 2
    file = tmp_path / "ledgers.csv"
    file.write_text(_csv())
    assert run("import", str(file), config=local.config).code == 0
    proved = run("sync", "--json", config=local.config).json["sync"]["sources"][0]
    assert proved["balance_gaps"] == 0
    events = run("events", "--json", config=local.config).json["events"]
    duplicates = [e for e in events if e["kind"] == "duplicate"]
    assert {e["rule"] for e in duplicates} == {"same_event_by_id"}
    assert (len(events), len(duplicates)) == (12, 5)


ORDER = (
    "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,"
    "Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes\n"
    "y,2025-01-20 15:00:02 UTC,Advanced Trade Buy,BTC,0.05,USD,100020,5001.00,{total},20.00,\n"
)


def _filled() -> LocalCoinbase:
    local = LocalCoinbase(random.Random(1))
    local.fills = [
        {
            "entry_id": f"e{n}",
            "trade_id": f"t{n}",
            "order_id": "x",
            "trade_time": f"2025-01-20T15:00:0{n}Z",
            "price": price,
            "size": size,
            "size_in_quote": False,
            "commission": fee,
            "product_id": "BTC-USD",
            "sequence_timestamp": f"2025-01-20T15:00:0{n}Z",
            "side": "BUY",
        }
        for n, price, size, fee in ((1, "100000", "0.03", "12.00"), (2, "100050", "0.02", "8.00"))
    ]
    return local


@pytest.mark.parametrize("first", ["api", "csv"])
def test_an_order_by_its_fills_and_by_one_row_is_one(
    first: str, asked: Callable[..., Any], tmp_path: Path
) -> None:
    """eprbell/dali-rp2#137, rotki/rotki#9376: 3000 + 2001 + 20 = 5021 on both sides."""
    file = tmp_path / "order.csv"
    file.write_text(ORDER.format(total="5021.00"))
    with asked(_filled(), {"BTC": "0.05", "USD": "-5021"}) as ask:
        steps = [("sync",), ("import", str(file), "--account", "mine")]
        for words in steps if first == "api" else reversed(steps):
            assert ask(*words).code == 0
        assert ask("sync", "--json").json["sync"]["sources"][0]["balance_gaps"] == 0
        lots = ask("lots", "--json").json["lots"]
        assert sum(D(x["quantity"]) for x in lots) == D("0.05")
        assert sum(D(x["basis_usd"]) for x in lots) == D("5021.00")
        (item,) = ask("review", "--likely", "--json").json["review"]
        assert item["kind"] == "duplicate"
        _undone(ask, item["id"])


def _undone(ask: Ask, item: str) -> None:
    assert ask("review", "answer", item, "two").code == 0
    lots = ask("lots", "--json").json["lots"]
    assert sum(D(x["quantity"]) for x in lots) == D("0.1")
    assert ask("review", "undo", item).code == 0
    assert sum(D(x["quantity"]) for x in ask("lots", "--json").json["lots"]) == D("0.05")


def test_a_row_that_only_looks_alike_is_held_out_and_asked_about(
    asked: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "order.csv"
    file.write_text(ORDER.format(total="5026.00").replace(",0.05,", ",0.03,"))
    with asked(_filled(), {"BTC": "0.05", "USD": "-5021"}) as ask:
        ask("sync")
        done = ask("import", str(file), "--account", "mine")
        assert done.code == 0, done.err
        lots = ask("lots", "--json").json["lots"]
        assert sum(D(x["quantity"]) for x in lots) == D("0.05")
        items = ask("review", "--json").json["review"]
        (item,) = [i for i in items if i["kind"] == "duplicate"]
        assert item["answers"] == ["same", "two"]
        assert ask("review", "answer", item["id"], "same").code == 0
        assert [i["kind"] for i in ask("review", "--json").json["review"]] == []


def test_overlapping_files_keep_the_larger_count(run: Run, config: Path, tmp_path: Path) -> None:
    """Rows without an id: two equal ones are two, and the same two again are no more."""
    head, equal = "Koinly Date,Amount,Currency,Label,TxHash\n", "2025-01-05 10:00,1,SOL,reward,\n"
    for count, known in ((2, 2), (1, 2), (3, 3)):
        file = tmp_path / f"{count}.csv"
        file.write_text(head + equal * count)
        assert run("import", str(file), "--account", "w", config=config).code == 0
        income = run("income", "--year", "2025", "--json", config=config).json["income"]
        assert len(income) == known
