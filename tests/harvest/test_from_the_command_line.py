"""harvest, its plans and what-ifs as a person runs them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.reports.reporting import JOURNAL

D = Decimal
HELD = (
    "2024-03-01T12:00:00Z,buy,k,USD,8000,ETH,2,,\n2026-03-01T12:00:00Z,buy,m,USD,3000,SOL,10,,\n"
    "2024-03-01T12:00:00Z,buy,k,USD,10,ADA,1,,\n2024-03-01T12:00:00Z,buy,k,USD,900,LOCK,1,,\n"
    "2024-03-01T12:00:00Z,buy,k,USD,700,DEAD,1,,\n"
)
PRICES = ("--price", "ETH=1000", "--price", "SOL=100", "--price", "ADA=1")
MORE = ("--price", "k:LOCK=5", "--price", "k:DEAD=5")


@pytest.fixture
def books(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ETH loses 6,000 long-term, SOL 2,000 short-term; the year has 5,000 of short-term gain."""
    monkeypatch.setenv("SYNCER_NOW", "2026-11-20T17:00:00Z")
    config.write_text(
        config.read_text()
        + "[taxpayer]\nordinary_income = 100000\nother_short_term = 5000\n"
        + '[harvest]\nfee_percent = 0\nlocked = ["k:LOCK"]\nunsellable = ["k/k:DEAD"]\n'
    )
    path = config.parent / "j.csv"
    path.write_text(JOURNAL + HELD)
    assert run("import", str(path), config=config).code == 0
    return config


def test_what_is_not_for_sale_is_listed_apart_with_its_reason(run: Run, books: Path) -> None:
    found = run("harvest", *PRICES, *MORE, "--json", config=books).json
    assert [(r["asset"], r["loss_percent"]) for r in found["harvest"]] == [
        ("ETH", "75.0"), ("SOL", "66.7"),
    ]  # fmt: skip
    assert {r["asset"]: r["reasons"] for r in found["not_for_sale"]} == {
        "ADA": ["dust"],
        "k:LOCK": ["locked"],
        "k:DEAD": ["unsellable", "worthless_needs_a_sale"],
    }
    assert [(r["asset"], r["days"]) for r in found["near_long_term"]] == []


def test_the_table_has_all_that_a_person_looks_for(run: Run, books: Path) -> None:
    out = run("harvest", *PRICES, *MORE, config=books).out
    told = ("tax saved", "to long", "bought <30d", "age", "line 16, net", "a sale or exchange")
    assert [words for words in told if words not in out] == []
    assert "nothing here says that you should sell" in out


@pytest.mark.parametrize(
    ("words", "loss", "saved"),
    [
        (("--goal", "offset-gains"), "5000.00", "1100.00"),
        (("--goal", "offset-gains-and-3000"), "8000.00", "1760.00"),
        (("--goal", "max-benefit"), "8000.00", "1760.00"),
        (("--goal", "amount", "--amount", "2500"), "2500.00", "550.00"),
        (("--goal", "max-benefit", "--sell", "0.5"), "4000.00", "880.00"),
        (("--goal", "max-benefit", "--more-short", "-4000"), "4010.00", "880.00"),
        (("--goal", "max-benefit", "--filing", "separate"), "6500.00", "1430.00"),
        (("--goal", "max-benefit", "--rates-of", "2025"), "8000.00", "1793.00"),
    ],
)
def test_plans_and_what_ifs(
    run: Run, books: Path, words: tuple[str, ...], loss: str, saved: str
) -> None:
    """105,000 of taxable income at 22%; in 2025 the 24% began at 103,350: 1,650 at 2% more. Of
    4,000 that count ETH gives 2,000 at 3,000 a coin: 0.67 is rounder, and as good."""
    done = run("harvest", "plan", *words, *PRICES, *MORE, "--json", config=books)
    assert done.code == 0, done.err
    plan = done.json["plan"]
    assert (plan["loss_usd"], plan["tax_saved_usd"]) == (loss, saved)


def test_a_law_on_wash_sales_takes_the_loss_of_what_was_bought_lately(
    run: Run, books: Path, tmp_path: Path
) -> None:
    (tmp_path / "k.csv").write_text(JOURNAL + "2026-11-10T12:00:00Z,buy,z,USD,1000,ETH,1,,\n")
    run("import", str(tmp_path / "k.csv"), config=books)
    words = ("harvest", *PRICES, *MORE, "--json")
    plain = run(*words, config=books).json["harvest"]
    (eth,) = [r for r in plain if r["asset"] == "ETH"]
    assert (eth["loss_long_usd"], len(eth["wash_sale_buys"]), eth["wash_sale_usd"]) == (
        "6000.00", 1, "0.00",
    )  # fmt: skip
    strict = run(*words, "--wash-sales-from", "2026-01-01", config=books).json["harvest"]
    (eth,) = [r for r in strict if r["asset"] == "ETH"]
    assert (eth["loss_long_usd"], eth["wash_sale_usd"]) == ("3000.00", "3000.00")


def test_scenarios_are_kept_and_compared(run: Run, books: Path) -> None:
    for name, words in (("all", ()), ("half", ("--sell", "0.5"))):
        goal = ("--goal", "max-benefit", *words, "--save", name)
        assert run("harvest", "plan", *goal, *PRICES, *MORE, config=books).code == 0
    rows = run("harvest", "compare", "--json", config=books).json["compare"]
    assert [(r["name"], r["loss_usd"], r["net_after_usd"]) for r in rows] == [
        ("all", "8000.00", "-3000.00"), ("half", "4000.00", "1000.00"),
    ]  # fmt: skip
    done = run("harvest", "compare", "other", config=books)
    assert (done.code, "there is no scenario other; saved: all, half" in done.err) == (2, True)


def test_gains_within_losses_are_planned(run: Run, books: Path) -> None:
    words = ("--gains", "--more-short", "-9000", "--price", "ETH=9000", *PRICES[2:], *MORE)
    plan = run("harvest", "plan", *words, "--json", config=books).json["plan"]
    assert (plan["goal"], plan["loss_usd"], plan["tax_saved_usd"]) == ("gains", "-1000.00", "0.00")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "give --goal"),
        (("--goal", "everything"), "give --goal"),
        (("--goal", "amount"), "needs --amount"),
        (("--goal", "max-benefit", "--amount", "5"), "needs --amount"),
        (("--gains", "--goal", "amount"), "--gains has no --goal"),
        (("--goal", "max-benefit", "--rates-of", "2031"), "no tax figures for 2031"),
        (("--goal", "max-benefit", "--sell", "2"), "--sell is a part"),
        (("--goal", "max-benefit", "--more-long", "x"), "--more-long"),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(
    run: Run, books: Path, words: tuple[str, ...], sentence: str
) -> None:
    done = run("harvest", "plan", *words, *PRICES, *MORE, config=books)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert sentence in done.err


def test_the_command_that_is_shown_records_and_then_binds(
    run: Run, books: Path, tmp_path: Path
) -> None:
    """Under FIFO the old ETH gains; the newest, named, loses 1,000."""
    old = "2024-03-01T12:00:00Z,buy,z,USD,100,BTC,1,,\n"
    new = "2026-08-01T12:00:00Z,buy,z,USD,4000,BTC,1,,\n"
    (tmp_path / "z.csv").write_text(JOURNAL + old + new)
    run("import", str(tmp_path / "z.csv"), config=books)
    words = ("harvest", "--price", "BTC=3000", *PRICES, *MORE, "--json")
    before = run(*words, config=books).json
    assert not any(r["asset"] == "BTC" for r in before["harvest"])
    (one,) = before["if_identified"]
    assert (one["asset"], one["loss_short_usd"], one["net_benefit_usd"]) == (
        "BTC", "1000.00", "220.00",
    )  # fmt: skip
    done = run(*one["command"].split()[1:], config=books)
    assert done.code == 0, done.err
    after = run(*words, config=books).json
    (btc,) = [r for r in after["harvest"] if r["asset"] == "BTC"]
    assert (btc["quantity"], btc["loss_short_usd"]) == ("1", "1000.00")
    assert after["if_identified"] == []


def test_a_year_without_figures_says_so_and_takes_those_of_another(
    run: Run, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCER_NOW", "2027-02-01T17:00:00Z")
    found = run("harvest", *PRICES, *MORE, "--json", config=books).json
    assert [r["tax_saved_usd"] for r in found["harvest"]] == [None, None]
    assert any("there are no figures for 2027" in n for n in found["notes"])
    goal = ("harvest", "plan", "--goal", "max-benefit", *PRICES, *MORE)
    done = run(*goal, config=books)
    assert (done.code, "no tax without --rates-of 2026" in done.err) == (2, True)
    plan = run(*goal, "--rates-of", "2026", "--json", config=books).json["plan"]
    assert (plan["loss_usd"], plan["tax_saved_usd"]) == ("8000.00", "1760.00")


def test_lots_of_one_second_are_named_by_what_they_cost_too(
    run: Run, books: Path, tmp_path: Path
) -> None:
    old = "2024-03-01T12:00:00Z,buy,z,USD,100,BTC,1,,\n"
    twins = [f"2026-08-01T12:00:00Z,buy,z,USD,{usd},BTC,1,,\n" for usd in (4000, 5000)]
    (tmp_path / "z.csv").write_text(JOURNAL + old + "".join(twins))
    run("import", str(tmp_path / "z.csv"), config=books)
    words = ("harvest", "--price", "BTC=3000", *PRICES, *MORE, "--json")
    (one,) = run(*words, config=books).json["if_identified"]
    assert one["loss_short_usd"] == "3000.00"
    assert ":1@5000 " in one["command"]
    assert ":1@4000 " in one["command"]
    assert run(*one["command"].split()[1:], config=books).code == 0
    (btc,) = [r for r in run(*words, config=books).json["harvest"] if r["asset"] == "BTC"]
    assert btc["loss_short_usd"] == "3000.00"


@pytest.mark.parametrize("rule", ["fifo", "hifo"])
def test_what_is_promised_is_what_the_engine_makes_of_the_sale(
    run: Run, books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    """Lots with odd cents, one sold in part before, a fee of 0.6%: harvest, then sell just so."""
    books.write_text(books.read_text().replace("fee_percent = 0", "fee_percent = 0.6"))
    buys = "".join(
        f"2025-0{n}-11T12:00:00Z,buy,z,USD,{3000 + 777 * n}.{n}7,BTC,0.{n}3,,\n"
        for n in range(1, 6)
    )
    part = "2026-02-02T12:00:00Z,sell,z,BTC,0.05,USD,900.01,,\n"
    (tmp_path / "z.csv").write_text(JOURNAL + buys + part)
    run("import", str(tmp_path / "z.csv"), config=books)
    if rule != "fifo":
        run("identify", "--rule", rule, "--account", "z", config=books)
        monkeypatch.setenv("SYNCER_NOW", "2026-11-20T18:00:00Z")
    words = ("harvest", "--price", "BTC=9000", *PRICES, *MORE, "--json")
    (one,) = [r for r in run(*words, config=books).json["harvest"] if r["asset"] == "BTC"]
    assert (one["rule"], one["quantity"] != "0") == (rule, True)
    before = run("tax", "--year", "2026", "--json", config=books).json["tax"]
    value = D(one["quantity"]) * 9000
    sale = (
        f"2026-11-20T19:00:00Z,sell,z,BTC,{one['quantity']},USD,{value},USD,{value * D('0.006')}\n"
    )
    (tmp_path / "s.csv").write_text(JOURNAL + sale)
    done = run("import", str(tmp_path / "s.csv"), config=books)
    assert done.code == 0, done.err
    monkeypatch.setenv("SYNCER_NOW", "2026-11-20T20:00:00Z")
    after = run("tax", "--year", "2026", "--json", config=books).json["tax"]
    for term in ("short", "long"):
        made = D(after[f"{term}_term_usd"]) - D(before[f"{term}_term_usd"])
        assert made == -D(one[f"loss_{term}_usd"]), term
    taxes = [D(t["federal_tax_usd"]) + D(t["state_tax_usd"]) for t in (before, after)]
    assert taxes[0] - taxes[1] == D(one["tax_saved_usd"])


def test_a_law_on_wash_sales_from_a_day_changes_what_was_sold_before(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6,000 lost in March and bought back within days: the law puts it in the lot."""
    monkeypatch.setenv("SYNCER_NOW", "2026-11-20T17:00:00Z")
    person = "[taxpayer]\nordinary_income = 100000\nother_short_term = 20000\n"
    config.write_text(config.read_text() + person + "[harvest]\nfee_percent = 0\n")
    path = config.parent / "j.csv"
    path.write_text(
        f"{JOURNAL}2026-01-05T12:00:00Z,buy,k,USD,10000,BTC,1,,\n"
        "2026-03-01T12:00:00Z,sell,k,BTC,1,USD,4000,,\n2026-03-05T12:00:00Z,buy,k,USD,4000,BTC,1,,\n"
    )
    run("import", str(path), config=config)

    def seen(*words: str) -> tuple[str, ...]:
        told = run("harvest", "--price", "BTC=3000", *words, "--json", config=config).json
        (one,) = told["harvest"]
        return told["before"]["short_term_usd"], one["loss_short_usd"], one["tax_saved_usd"]

    assert seen() == ("14000.00", "1000.00", "240.00")
    assert seen("--wash-sales-from", "2026-01-01") == ("20000.00", "7000.00", "1680.00")
    config.write_text(config.read_text() + '[wash_sale]\nmode = "enforce"\nfrom = 2026-01-01\n')
    assert seen() == ("20000.00", "7000.00", "1680.00")


def test_a_price_of_what_nobody_holds_or_told_twice_is_not_taken_in_silence(
    run: Run, books: Path
) -> None:
    notes = run("harvest", *PRICES, "--price", "EHT=5", "--json", config=books).json["notes"]
    assert "no account holds EHT: a price of it changes nothing" in notes
    done = run("harvest", *PRICES, "--price", "ETH=900", config=books)
    assert (done.code, done.err) == (2, "--price tells ETH twice\n")


def test_a_plan_says_what_it_left_out(run: Run, books: Path) -> None:
    words = ("plan", "--goal", "amount", "--amount", "9000", "--price", "SOL=100")
    plan = run("harvest", *words, "--json", config=books).json["plan"]
    left = {r["asset"]: r["reasons"][0] for r in plan["not_for_sale"]}
    assert left == {
        "ETH": "no_price",
        "ADA": "no_price",
        "k:LOCK": "locked",
        "k:DEAD": "unsellable",
    }
    assert "only $2,000.00 of loss can be had from what is for sale" in plan["notes"]
    out = run("harvest", *words, config=books).out
    assert "Not for sale" in out


def test_one_scenario_without_figures_does_not_hide_the_others(
    run: Run, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, more in (("plain", ()), ("rates", ("--rates-of", "2026"))):
        words = ("plan", "--goal", "max-benefit", *PRICES, *more, "--save", name)
        assert run("harvest", *words, config=books).code == 0
    monkeypatch.setenv("SYNCER_NOW", "2027-02-01T17:00:00Z")
    done = run("harvest", "compare", "--json", config=books)
    assert [r["name"] for r in done.json["compare"]] == ["rates"]
    assert done.code == 1
    assert done.err.startswith("plain: there are no figures for 2027")


def test_names_from_files_cannot_steer_the_terminal(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCER_NOW", "2026-11-20T17:00:00Z")
    path = config.parent / "j.csv"
    bad = "ETH\x1b[2J\x9b1m"
    path.write_text(
        f"{JOURNAL}2026-03-01T12:00:00Z,buy,[b]k,USD,8000,{bad},2,,\n", encoding="utf-8"
    )
    assert run("import", str(path), config=config).code == 0
    for words in (("harvest",), ("lots",), ("review",), ("balances",), ("events",)):
        for json_too in ((), ("--json",)):
            told = (
                run(*words, "--price", f"k:{bad}=1", *json_too, config=config)
                if (words == ("harvest",))
                else run(*words, *json_too, config=config)
            )
            assert "ETH" in told.out, words
            assert "\x1b" not in told.out + told.err
            assert "\x9b" not in told.out + told.err
    assert "[b]k" in run("lots", config=config).out
