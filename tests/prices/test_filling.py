"""Values in dollars by the way a person goes: gaps with their reason, worked off later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from config import settings
from connectors.prices.source import Price
from syncer.events import Event, Leg
from syncer.ledger.values import Quote, Worth, needed, stands_for, value
from syncer.pipeline import Pipeline
from syncer.pricing import Missing
from syncer.store.database import Database
from tests.conftest import Run
from tests.prices.servers import Ecb, Llama
from tests.serving import serving

D = Decimal
AT = datetime(2025, 3, 4, 12, 30, 40, tzinfo=UTC)
T = int(AT.timestamp())
HEAD = "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"


@pytest.fixture
def apis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Llama, Ecb]]:
    monkeypatch.setenv("SYNCER_NOW", "2025-04-01T00:00:00Z")
    coins = ("coingecko:solana", "coingecko:ethereum")
    usdc = "ethereum:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
    llama = Llama({coin: [(T, "150", "0.99")] for coin in coins} | {usdc: [(T, "0.97", None)]})
    ecb = Ecb({"USD": {"2025-03-04": "1.0857"}})
    config = tmp_path / "syncer.toml"
    with serving(llama.app()) as first, serving(ecb.app()) as second:
        config.write_text(
            '[prices]\nsources = ["defillama", "ecb"]\n'
            f'[prices.defillama]\napi_url = "{first}"\nrate_limit_ms = 1\n'
            f'[prices.ecb]\napi_url = "{second}"\nrate_limit_ms = 1\n'
        )
        yield config, llama, ecb


def _import(run: Run, config: Path, tmp_path: Path, *rows: str) -> None:
    file = tmp_path / "journal.csv"
    file.write_text(HEAD + "".join(f"{AT.isoformat()},{row}\n" for row in rows))
    assert run("import", str(file), config=config).code == 0


def test_gaps_say_why_and_are_worked_off(
    run: Run, apis: tuple[Path, Llama, Ecb], tmp_path: Path
) -> None:
    config, llama, _ = apis
    llama.limited = 1
    _import(run, config, tmp_path, "income:staking,w,,,SOL,2", "income:airdrop,w,,,FOO,5")

    def income() -> dict[str, tuple[str | None, list[str]]]:
        rows = run("income", "--year", "2025", "--json", config=config).json["income"]
        return {r["asset"]: (r["usd"], r["gaps"]) for r in rows}

    limited = (None, ["no_price", "rate_limited"])
    assert income() == {"SOL": limited, "w:FOO": limited}
    asked = sum(llama.asked.values())
    _import(run, config, tmp_path, "income:staking,w,,,SOL,2")
    assert sum(llama.asked.values()) == asked  # what was limited rests
    done = run("prices", "fill", "--json", config=config)
    assert done.code == 0
    told = done.json["prices"]
    assert (told["asked"], told["found"]) == (2, 1)
    assert [(m["asset"], m["reason"]) for m in told["missing"]] == [("w:FOO", "asset_unknown")]
    assert income() == {"SOL": ("300.00", []), "w:FOO": (None, ["no_price", "asset_unknown"])}
    items = run("review", "--json", config=config).json["review"]
    by_kind = {i["kind"]: i["id"] for i in items}
    assert by_kind.keys() >= {"no_price", "unknown_asset"}
    shown = run("review", "show", by_kind["no_price"], config=config)
    assert "asset_unknown: defillama knows no w:FOO" in shown.out


def test_what_does_not_answer_is_another_gap_than_no_price(
    run: Run, apis: tuple[Path, Llama, Ecb], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, llama, _ = apis
    monkeypatch.setattr("connectors.retry.RetryPolicy._wait", lambda self, state: 0.0)
    llama.records["coingecko:solana"] = []
    _import(run, config, tmp_path, "income:staking,w,,,SOL,2")
    llama.broken = True
    _import(run, config, tmp_path, "income:staking,w,,,ETH,2")
    rows = run("income", "--year", "2025", "--json", config=config).json["income"]
    assert {r["asset"]: r["gaps"] for r in rows} == {
        "SOL": ["no_price"],
        "ETH": ["no_price", "unreachable"],
    }
    refused = run("prices", "fill", config=config)
    assert (refused.code, "status 503" in refused.err) == (1, True)


def test_other_money_is_valued_by_the_reference_rate(
    run: Run, apis: tuple[Path, Llama, Ecb], tmp_path: Path
) -> None:
    config, _, _ = apis
    _import(run, config, tmp_path, "buy,k,EUR,1000,ETH,1")
    (lot,) = run("lots", "--json", config=config).json["lots"]
    assert lot["basis_usd"] == "1085.70"


@pytest.mark.parametrize(("how", "basis"), [("priced", "970.00"), ("one", "1000.00")])
def test_a_stablecoin_is_priced_unless_the_person_wants_it_at_one(
    how: str, basis: str, run: Run, apis: tuple[Path, Llama, Ecb], tmp_path: Path
) -> None:
    config, llama, _ = apis
    text = config.read_text().replace("[prices]\n", f'[prices]\nstablecoins = "{how}"\n')
    config.write_text(text)
    _import(run, config, tmp_path, "income:other,w,,,USDC,1000")
    (row,) = run("income", "--year", "2025", "--json", config=config).json["income"]
    assert row["usd"] == basis
    assert bool(llama.asked) == (how == "priced")


def test_a_lenders_share_is_worth_its_coin() -> None:
    share = "ethereum:0xabc"
    lent = Event(
        "e1",
        "wrap",
        AT,
        (Leg("w", "USDC", D(-100), "principal"), Leg("w", share, D(100), "principal")),
        "lent",
        "",
        "sure",
    )
    interest = Event(
        "e2", "income:interest", AT, (Leg("w", share, D(3), "principal"),), "r", "", "sure"
    )
    worth = Worth({("USDC", AT): Quote(D("0.99"), "x")}, stands_for([lent, interest]))
    assert needed([interest], worth) == {("USDC", AT)}
    (valued,) = value([interest], worth)
    assert (valued.legs[0].usd, valued.gaps) == (D("2.97"), ())


TRADE = Event(
    "t1",
    "trade",
    AT,
    (Leg("k", "BTC", D(-1), "principal"), Leg("k", "ETH", D(16), "principal")),
    "trade",
    "",
    "sure",
)
BTC = {("BTC", AT): Quote(D(60_000), "kraken: a trade")}


def _eth(usd: int, source: str) -> dict[tuple[str, datetime], Quote]:
    return {("ETH", AT): Quote(D(usd), source)}


@pytest.mark.parametrize(
    ("prices", "usd", "gaps"),
    [
        (BTC | _eth(3750, "kraken: a trade"), 60_000, ()),
        (BTC | _eth(0, "no_price: none near"), 60_000, ()),
        (BTC | _eth(0, "asset_unknown: never heard"), 60_000, ()),
        (BTC | _eth(0, "unreachable: 503"), None, ("no_price", "unreachable")),
        (BTC | _eth(0, "rate_limited: slower"), None, ("no_price", "rate_limited")),
        (BTC, None, ("no_price",)),
        (_eth(3750, "kraken: a trade"), 60_000, ()),
    ],
)
def test_the_given_side_stands_in_only_where_the_received_one_has_no_price(
    prices: dict[tuple[str, datetime], Quote], usd: int | None, gaps: tuple[str, ...]
) -> None:
    """Reg. 1.1012-1(h)(1)(i)(B): what is received rules. A price that may still come is waited for,
    or the books would hang on which source failed when."""
    (found,) = value([TRADE], prices)
    assert [g.usd for g in found.legs] == [None if usd is None else D(usd)] * 2
    assert found.gaps == gaps
    assert needed([TRADE]) == {("BTC", AT), ("ETH", AT)}


def test_what_a_source_states_stands_in_until_the_received_side_is_asked_for() -> None:
    stated = replace(TRADE, legs=(replace(TRADE.legs[0], usd=D(59_000)), TRADE.legs[1]))
    (found,) = value([stated], {})
    assert [g.usd for g in found.legs] == [D(59_000)] * 2
    (found,) = value([stated], _eth(3750, "kraken: a trade"))
    assert found.legs[1].usd == D(60_000)


class Killed(BaseException):
    """The end, wherever it comes."""


def test_prices_that_a_kill_left_unasked_are_asked_for_later(
    run: Run, apis: tuple[Path, Llama, Ecb], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SOL is received for ETH. The first price is kept, then the kill; the next pull brings nothing
    new, and yet the books are in the end as if nobody had been killed."""
    config, llama, _ = apis
    llama.records["coingecko:ethereum"] = [(T, "140", "0.99")]
    keep, kept = Pipeline._keep_price, []

    def dying(self: Pipeline, asset: str, at: datetime, price: Price | Missing) -> None:
        if kept:
            raise Killed
        kept.append(asset)
        keep(self, asset, at, price)

    with monkeypatch.context() as killed:
        killed.setattr(Pipeline, "_keep_price", dying)
        file = tmp_path / "journal.csv"
        file.write_text(f"{HEAD}{AT.isoformat()},trade,k,ETH,1,SOL,1\n")
        with pytest.raises(Killed):
            run("import", str(file), config=config)
    assert kept == ["ETH"]
    run("rebuild", config=config)  # as any settings that changed would
    pipeline = _opened(config)
    asyncio.run(pipeline.derive())
    asyncio.run(pipeline.derive())
    (lot,) = run("lots", "--json", config=config).json["lots"]
    assert (lot["asset"], lot["basis_usd"]) == ("SOL", "150.00")


def _opened(config: Path) -> Pipeline:
    loaded = settings.load(config)
    return Pipeline(loaded, Database(loaded.database_url), lambda: datetime(2025, 4, 1, tzinfo=UTC))
