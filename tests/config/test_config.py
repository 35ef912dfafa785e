"""Settings, secrets, the law's figures, names of assets, exact numbers."""

from __future__ import annotations

import decimal
import json
import re
import tomllib
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import exact, secrets, settings
from config.accounts import Account
from config.assets import names
from config.errors import ConfigError
from config.tax_law import known_years, tax_year
from tests.conftest import Run

D = Decimal
ROOT = Path(__file__).parents[2]


def test_top_level_names_are_ours() -> None:
    for name in ("config", "connectors"):
        assert Path(import_module(name).__file__ or "").parent == ROOT / name


def test_init_writes_settings_that_are_valid_and_leaves_a_file_alone(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "new.toml"
    assert run("init", config=path).code == 0
    assert settings.load(path).taxpayer.filing_status == "single"
    again = run("init", config=path)
    assert (again.code, again.err.strip()) == (2, f"{path} exists; it is left as it is")


def test_every_commented_setting_of_the_example_is_a_real_one(tmp_path: Path) -> None:
    text = (ROOT / "config" / "syncer.example.toml").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        setting = line.startswith("# ") and (bare.startswith("[") or " = " in bare.split("#")[0])
        lines.append(bare if setting and not bare.startswith(("Settings", "Check")) else line)
    path = tmp_path / "all.toml"
    path.write_text("\n".join(x for x in lines if not x.startswith("[taxpayer]" + "x")))
    (tmp_path / "tokens.json").write_text('{"tokens": []}')
    loaded = settings.load(path)
    assert [a.kind for a in loaded.account] == ["exchange", "wallet", "wallet", "manual"]
    assert loaded.alerts.cooldown == timedelta(hours=24)
    assert loaded.taxpayer.in_year(2025)["ordinary_income"] == 90000


def test_year_table_overrides_and_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.toml"
    path.write_text("[taxpayer]\nstate_rate = 0.05\n[taxpayer.2025]\nstate_rate = 0.1\n")
    loaded = settings.load(path)
    assert loaded.taxpayer.in_year(2024)["state_rate"] == D("0.05")
    assert loaded.taxpayer.in_year(2025)["state_rate"] == D("0.1")
    monkeypatch.setenv("SYNCER_HARVEST__FEE_PERCENT", "0.25")
    assert settings.load(path).harvest.fee_percent == D("0.25")


def test_database_lies_beside_the_settings_or_in_systemds_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.toml"
    path.write_text("")
    assert settings.load(path).database_url == f"sqlite:///{tmp_path / 'syncer.db'}"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/syncer")
    assert settings.load(path).database_url == "sqlite:////var/lib/syncer/syncer.db"
    path.write_text('[database]\nurl = "sqlite:///books/mine.db"\n')
    assert settings.load(path).database_url == f"sqlite:///{tmp_path / 'books/mine.db'}"


KEY = json.dumps({"apiKey": "abc", "secret": "hush"})


def test_key_from_file_environment_or_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(name="my-kraken", kind="exchange", venue="kraken")
    with pytest.raises(ConfigError, match="has no key; set key_file, the variable SYNCER_KEY_MY_"):
        secrets.api_key(account, tmp_path)
    (tmp_path / "my-kraken.json").write_text(KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    found = secrets.api_key(account, tmp_path)
    assert (found.key, found.secret) == ("abc", "hush")
    assert "hush" not in repr(found)
    monkeypatch.setenv("SYNCER_KEY_MY_KRAKEN", '{"apiKey": 1}')
    with pytest.raises(ConfigError, match="must be JSON with"):
        secrets.api_key(account, tmp_path)


@pytest.mark.parametrize("year", known_years())
def test_tables_of_the_law_are_whole(year: int) -> None:
    law = tax_year(year)
    statuses = {"single", "joint", "separate", "head", "surviving"}
    for table in (law.loss_limit, law.niit_threshold, law.ordinary_from, law.long_term_tops):
        assert set(table) == statuses
    for starts in law.ordinary_from.values():
        assert starts[0] == 0
        assert list(starts) == sorted(starts)
        assert len(starts) == len(law.ordinary_rates)
    assert law.ordinary_from["joint"] == law.ordinary_from["surviving"]


def test_figures_that_are_easily_mistyped() -> None:
    assert tax_year(2026).ordinary_from["head"][4:6] == (201750, 256200)
    assert tax_year(2024).ordinary_from["single"][4] == 191950
    assert tax_year(2025).long_term_tops["separate"] == (48350, 300000)


def test_assets_by_chain_and_contract_never_by_symbol() -> None:
    usdc = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    assert names().token("ethereum", 1, usdc) == "USDC"
    assert names().token("base", 8453, usdc) == f"base:{usdc.lower()}"
    assert names().native("polygon", 137) == "POL"
    assert names().native("nowhere", 999) == "nowhere:native"
    assert names().at_venue("kraken", "SOL.F") == "SOL"
    assert names().at_venue("kraken", "USDC") == "USDC"
    assert names().of_form(["bitcoin"]) == "BTC"


def test_floats_are_trapped() -> None:
    with pytest.raises(decimal.FloatOperation):
        Decimal(0.1)  # noqa: RUF032


@pytest.mark.parametrize(
    ("dollars", "cents", "whole"),
    [("1.005", "1.01", "1"), ("2.5", "2.50", "3"), ("1.49", "1.49", "1"), ("-0.005", "-0.01", "0")],
)
def test_half_up(dollars: str, cents: str, whole: str) -> None:
    assert exact.cents(D(dollars)) == D(cents)
    assert exact.whole_dollars(D(dollars)) == D(whole)


@given(
    st.integers(-(10**8), 10**8).map(lambda n: D(n).scaleb(-2)),
    st.lists(st.integers(1, 10**9).map(D), min_size=1, max_size=20),
)
def test_slices_add_up_to_the_total(total: Decimal, weights: list[Decimal]) -> None:
    slices = list(exact.dealt(total, weights, sum(weights, D(0))))
    assert sum(slices) == total
    share = [total * w / sum(weights, D(0)) for w in weights]
    assert all(abs(a - b) <= D("0.01") for a, b in zip(slices, share, strict=True))


@given(st.integers(-(2**256), 2**256), st.integers(0, 77))
def test_chain_integers_keep_every_digit(raw: int, places: int) -> None:
    assert int(exact.units(raw, places).scaleb(places, decimal.Context(prec=90))) == raw


TOKEN = {"chainId": 1, "address": "0x" + "Ab" * 20, "symbol": "GLD", "name": "Gold", "decimals": 18}


def test_a_token_list_names_tokens_by_chain_and_contract(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps({"name": "mine", "tokens": [TOKEN]}))
    path = tmp_path / "s.toml"
    path.write_text('[tokens]\nlist = "tokens.json"\n')
    found = settings.load(path).token_list
    assert found.name(1, "0x" + "aB" * 20) == "Gold (GLD)"
    assert found.name(10, "0x" + "ab" * 20) is None


@pytest.mark.parametrize("text", ["", "[]", '{"tokens": [{"chainId": 1}]}', "{"])
def test_a_token_list_that_is_none_is_said_with_its_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(text)
    path = tmp_path / "s.toml"
    path.write_text('[tokens]\nlist = "tokens.json"\n')
    with pytest.raises(ConfigError, match=r"tokens\.json is not a token list"):
        settings.load(path)
    (tmp_path / "tokens.json").unlink()
    with pytest.raises(ConfigError, match=r"tokens\.json cannot be read: No such file"):
        settings.load(path)


def test_no_contract_is_two_things_on_one_chain() -> None:
    rows = tomllib.loads((ROOT / "config" / "contracts.toml").read_text())["contract"]
    places = [
        (chain_id, address)
        for row in rows
        for chain_id, addresses in {
            "everywhere": row.get("everywhere", ()),
            **row.get("at", {}),
        }.items()
        for address in addresses
    ]
    assert len(places) == len(set(places)) > 150
    assert all(re.fullmatch(r"0x[0-9a-f]{40}", address) for _, address in places)


def test_no_contract_is_two_assets() -> None:
    rows = tomllib.loads((ROOT / "config" / "assets.toml").read_text())["asset"]
    places = [
        (chain_id, address)
        for row in rows
        for chain_id, told in row.get("contracts", {}).items()
        for address in ([told] if isinstance(told, str) else told)
    ]
    assert len(places) == len(set(places)) > 150
    assert all(re.fullmatch(r"0x[0-9a-f]{40}", address) for _, address in places)
