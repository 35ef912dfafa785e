"""Corners that a fresh reader found: each was a wrong cent, a lost line or a false reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from config.tax_law import tax_year
from connectors.brokers.form_1099da import FormLine
from syncer.lots.model import Disposal
from syncer.reconcile.expected import expected_forms
from syncer.reconcile.model import BrokerSlice, Facts, Place, Reconciliation, Word
from syncer.reconcile.reconcile import reconcile
from syncer.reconcile.summary import unexplained
from syncer.tax.form_8949 import Row, rows
from tests.conftest import Run
from tests.reconcile.test_reconcile import PLACES, ZONE, line, sold

D = Decimal


def _run(
    lines: list[FormLine],
    disposals: list[Disposal],
    facts: Facts | None = None,
    words: dict[str, Word] | None = None,
) -> tuple[Reconciliation, list[Row]]:
    found = reconcile(lines, disposals, [], PLACES, tax_year(2025), ZONE, facts, words)
    return found, rows(disposals, found.reported, ZONE)


def _lot(name: str, **given: object) -> Disposal:
    return sold(disposal_id=f"{name}.1", lot_id=f"l{name}", **given)


def test_fills_of_one_order_keep_their_prices() -> None:
    """2 for 210 in all; the broker has a line of 100 and one of 110."""
    disposals = [sold(proceeds_usd=D("210.00"), basis_usd=D("100.00"))]
    lines = [
        line(units=D(1), proceeds=D(100)),
        line(line="2", units=D(1), proceeds=D(110)),
    ]
    found, printed = _run(lines, disposals)
    assert sorted(r.proceeds for r in printed if r.proceeds) == [D(100), D(110)]
    assert (unexplained(found.lines), sum(r.gain or D(0) for r in printed)) == (D(0), D(110))


def test_what_two_lines_say_too_much_is_counted_once() -> None:
    disposals = [sold(proceeds_usd=D("210.00"), basis_usd=D("100.00"))]
    lines = [
        line(units=D(1), proceeds=D(130)),
        line(line="2", units=D(1), proceeds=D(90)),
    ]
    found, printed = _run(lines, disposals)
    assert unexplained(found.lines) == D(10)
    assert sum(r.proceeds or D(0) for r in printed) == D(220)


def test_a_reason_of_the_basis_says_nothing_of_the_proceeds() -> None:
    """A purchase fee left out of the basis is B; 200 more of proceeds stay unexplained."""
    disposals = [sold(proceeds_usd=D("5100.00"), basis_usd=D("1010.00"))]
    form = line(
        proceeds=D(5300),
        basis=D(1000),
        basis_reported=True,
        term="long",
        acquired=date(2022, 6, 15),
    )
    found, (row,) = _run([form], disposals, Facts(bought={"l1": (D(10), D(2))}))
    assert (row.proceeds, row.codes, row.adjustment, row.gain) == (
        D("5300.00"), "B", D("-10.00"), D("4290.00"),
    )  # fmt: skip
    assert unexplained(found.lines) == D(200)


def test_a_slip_of_the_basis_does_not_correct_the_proceeds() -> None:
    disposals = [sold(proceeds_usd=D("5100.00"), basis_usd=D("1000.00"))]
    form = line(proceeds=D(5237), basis=D(1137), basis_reported=True, acquired=date(2022, 6, 15))
    found, (row,) = _run([form], disposals)
    assert (row.codes, row.adjustment, unexplained(found.lines)) == ("B", D(137), D(137))


def test_box_5_leaves_nothing_of_a_loss_whatever_else_the_row_has() -> None:
    form = line(proceeds=D(1100), basis=D(5000), basis_reported=True, loss_not_allowed=True)
    _, (row,) = _run([form], [sold(proceeds_usd=D("1050.00"), basis_usd=D("5000.00"))])
    assert (row.codes, row.adjustment, row.gain) == ("L", D(3900), D(0))
    washed = sold(proceeds_usd=D("1000.00"), basis_usd=D("5000.00"))._replace(washed_usd=D(1000))
    form = line(proceeds=D(1000), basis=D(5000), basis_reported=True, loss_not_allowed=True)
    _, (row,) = _run([form], [washed])
    assert (row.codes, row.adjustment, row.gain) == ("LW", D(4000), D(0))


def test_box_1i_is_of_losses_and_never_of_gains() -> None:
    long = sold(quantity=D(1), proceeds_usd=D("500.00"), basis_usd=D("100.00"))
    short = sold(
        disposal_id="e1.2",
        quantity=D(1),
        acquired_at=datetime(2025, 1, 1, 12, tzinfo=UTC),
        proceeds_usd=D("500.00"),
        basis_usd=D("900.00"),
    )
    form = line(proceeds=D(1000), basis=D(1000), basis_reported=True, wash_sale_disallowed=D(300))
    _, printed = _run([form], [long, short])
    assert [(r.part, r.codes, r.gain) for r in printed] == [("I", "W", D(-100)), ("II", "", D(400))]


def test_a_sale_on_many_lines_and_a_crowded_day_lose_no_line() -> None:
    many = [line(line=str(n), units=D(2) / 16, proceeds=D("318.75")) for n in range(16)]
    found, _ = _run(many, [sold()])
    assert {x.status for x in found.lines} == {"matched"}
    disposals, lines = [], []
    for n in range(30):
        price = D(1000 + 7 * n)
        disposals.append(_lot(f"e{n}", proceeds_usd=price * 2, quantity=D(2)))
        lines += [
            line(line=f"{n}a", units=D("0.7"), proceeds=price * D("0.7")),
            line(line=f"{n}b", units=D("1.3"), proceeds=price * D("1.3")),
        ]
    found, _ = _run(lines, disposals)
    assert {x.status for x in found.lines} == {"matched"}
    assert set(found.statuses.values()) == {"reported"}


def test_two_sales_alike_on_the_form_are_no_double() -> None:
    disposals = [_lot("e1"), _lot("e2", proceeds_usd=D("5080.00"))]
    found, _ = _run([line(), line(line="2")], disposals)
    assert [x.kinds for x in found.lines] == [
        ("basis_unknown_to_broker",),
        ("unexplained", "basis_unknown_to_broker"),
    ]


def test_units_that_came_in_explain_no_basis_of_our_own_lot() -> None:
    form = line(
        basis=D(50),
        basis_reported=True,
        acquired=date(2022, 6, 15),
        transferred_in_units=D(2),
    )
    found, _ = _run([form], [sold()])
    assert found.lines[0].kinds == ("broker_error",)


def test_an_identification_that_changes_nothing_is_no_other_method() -> None:
    """Ours is the oldest lot: by acquisition date it goes first without any record."""
    orders = {
        "by_transfer_date": {
            ("e1", "ETH"): (BrokerSlice(D(2), date(2024, 3, 21), D(4000), "long", None),)
        }
    }
    form = line(basis=D(4000), basis_reported=True, acquired=date(2024, 3, 21))
    oldest = sold()._replace(identification="proved")
    found, _ = _run([form], [oldest], Facts(orders=orders))
    assert found.lines[0].kinds == ("transferred_in_order",)
    later = sold(acquired_at=datetime(2025, 1, 2, 12, tzinfo=UTC))._replace(identification="proved")
    found, _ = _run([form], [later], Facts(orders=orders))
    assert found.lines[0].kinds[0] == "method_difference"


def test_a_day_apart_with_another_basis_is_another_lot() -> None:
    form = line(basis=D(2300), basis_reported=True, acquired=date(2022, 6, 16))
    found, _ = _run([form], [sold()])
    assert found.lines[0].kinds == ("unexplained",)


def test_a_shortage_has_no_term_that_could_be_wrong() -> None:
    known = sold(quantity=D(4), proceeds_usd=D("600.00"), basis_usd=D("400.00"))
    short = sold(disposal_id="e1.2", quantity=D(6), proceeds_usd=D("900.00"))._replace(
        basis_usd=None, term=None, acquired_at=None, gaps=("oversold",)
    )
    found, _ = _run([line(units=D(10), proceeds=D(1500), term="long")], [known, short])
    assert found.lines[0].kinds == ("basis_unknown_to_broker",)


# ---- aggregates by broker and customer

USDC = {"asset": "USDC", "quantity": D(6000), "proceeds_usd": D("6000.00")}
USDC |= {"basis_usd": D("6000.00")}


def _aggregate(**given: object) -> FormLine:
    told = {"name": "USDC", "units": D(12000), "proceeds": D(12000), "sold": None, **given}
    return line(aggregate="stablecoin", **told)


def test_an_aggregate_is_over_all_accounts_at_a_broker() -> None:
    places = {"a": Place("Coinbase", "1"), "b": Place("Coinbase, Inc.", "2")}
    disposals = [_lot("e1", account="a", **USDC), _lot("e2", account="b", **USDC)]
    law = tax_year(2025)
    form = _aggregate(account="1")
    found = reconcile([form], disposals, [], places, law, ZONE)
    assert (found.lines[0].status, found.lines[0].kinds) == ("matched", ("optional_aggregate",))
    assert set(found.statuses.values()) == {"reported"}
    (expected,) = expected_forms(disposals, places, Facts(), 2025, ZONE)
    assert (expected.amount, expected.transaction_count) == (D(12000), 2)


def test_two_aggregates_share_the_accounts_of_settings_without_numbers() -> None:
    places = {"a": Place("Coinbase", None), "b": Place("Coinbase", None)}
    disposals = [_lot("e1", account="a", **USDC), _lot("e2", account="b", **USDC)]
    half = _aggregate(account="1", units=D(6000), proceeds=D(6000))
    found = reconcile(
        [half, replace(half, account="2")], disposals, [], places, tax_year(2025), ZONE
    )
    assert [x.status for x in found.lines] == ["matched", "matched"]


def test_withheld_units_do_not_count_to_the_ten_thousand() -> None:
    most = {**USDC, "quantity": D(9990), "proceeds_usd": D("9990.00")}
    few = {**USDC, "quantity": D(20), "proceeds_usd": D("20.00")}
    disposals = [_lot("e1", **most), _lot("e2", kind="fee_withheld", **few)]
    found, _ = _run([line(units=D(77))], disposals)
    assert set(found.statuses.values()) == {"rightly_unreported"}


# ---- by the command line

SETTINGS = '[taxpayer]\ntime_zone = "America/New_York"\n'
SETTINGS += '[[account]]\nname = "k"\nkind = "manual"\nbroker = "Kraken"\n'
HEAD = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
FORM = "broker,account,tax_year,line,digital_asset_name,units,date_sold,proceeds\n"


def _books(run: Run, config: Path, journal: str, form: str) -> None:
    config.write_text(config.read_text() + SETTINGS)
    for name, text in (("j.csv", HEAD + journal), ("f.csv", FORM + form)):
        (config.parent / name).write_text(text)
        assert run("import", str(config.parent / name), config=config).code == 0


def test_new_years_eve_is_told_in_both_years(run: Run, config: Path) -> None:
    """Sold on 31 December in New York, which the broker's form of 2026 has on 1 January."""
    rows_ = "2025-01-02T15:00:00Z,buy,k,USD,100,ETH,1\n2026-01-01T02:00:00Z,sell,k,ETH,1,USD,90\n"
    _books(
        run,
        config,
        rows_,
        "Kraken,1,2026,1,ETH,1,2026-01-01,90\nKraken,1,2025,1,BTC,1,2025-05-05,5\n",
    )
    for year in ("2025", "2026"):
        found = run("reconcile", "--year", year, "--json", config=config).json["reconcile"]
        told = [g for g in found["gaps"] if g["kind"] == "time_zone"]
        assert [g["severity"] for g in told] == ["wrong"], year
        assert not any(g["kind"] == "missing_on_form" for g in found["gaps"])
    (sale,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert sale["box"] == "I"
    paired = run("reconcile", "pair", "Kraken/1/2026/1", sale["disposal_id"], config=config)
    assert paired.code == 0, paired.err


def test_what_is_unpaired_is_not_tried_again(run: Run, config: Path) -> None:
    start = datetime(2025, 5, 5, 15, tzinfo=UTC)
    rows_ = "2025-01-02T15:00:00Z,buy,k,USD,300,ETH,3\n"
    for n in range(3):
        at = (start + timedelta(minutes=n)).isoformat()
        rows_ += f"{at},sell,k,ETH,1,USD,90\n"
    _books(run, config, rows_, "Kraken,1,2025,1,ETH,1,2025-05-05,90\n")
    seen = set()
    for _ in range(3):
        found = run("reconcile", "--year", "2025", "--json", config=config).json["reconcile"]
        (form_line,) = found["lines"]
        seen |= set(form_line["disposal_ids"])
        assert run("reconcile", "unpair", "Kraken/1/2025/1", config=config).code == 0
    assert len(seen) == 3
    none = run("reconcile", "unpair", "Kraken/1/2025/1", config=config)
    assert "is paired with nothing" in none.err


def test_a_disposal_is_not_paired_twice(run: Run, config: Path) -> None:
    rows_ = "2025-01-02T15:00:00Z,buy,k,USD,300,ETH,3\n2025-05-05T15:00:00Z,sell,k,ETH,1,USD,90\n"
    both = "Kraken,1,2025,1,ETH,1,2025-05-05,90\nKraken,1,2025,2,ETH,1,2025-05-05,90\n"
    _books(run, config, rows_, both)
    (sale,) = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    first = run("reconcile", "pair", "Kraken/1/2025/1", sale["disposal_id"], config=config)
    second = run("reconcile", "pair", "Kraken/1/2025/2", sale["disposal_id"], config=config)
    assert (first.code, second.code) == (0, 2)
    assert "Kraken/1/2025/1 is paired with it already" in second.err
    assert run("reconcile", "--year", "2025", config=config).code == 0
