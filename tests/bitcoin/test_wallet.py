"""A wallet on Bitcoin, read from a real server on this machine by the commands that a person uses.

The worked example: 1 BTC is bought for 50,000 dollars; half of it goes to the wallet. There 0.2 are
paid to a shop, 0.2998 come back as change, and a move to another own address costs 0.0001: 0.2997
stay, with a basis of 14,985.00.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from embit.bip32 import HDKey
from embit.networks import NETWORKS

from connectors.bitcoin.keys import Key
from tests.bitcoin.esplora_server import Chain
from tests.bitcoin.test_keys import XPUB, ZPUB
from tests.conftest import Run

FIRST, SECOND = (
    "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu",
    "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g",
)
CHANGE = "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"
SHOP = "bc1qshop"
HEAD = "id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity,txid,address\n"


@dataclass
class Wallet:
    chain: Chain
    config: Path
    run: Run
    url: str

    def journal(self, *rows: str) -> None:
        path = self.config.parent / "journal.csv"
        path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        assert self.run("import", str(path), config=self.config).code == 0

    def sync(self, *more: str, code: int = 0) -> Any:
        done = self.run("sync", "--json", *more, config=self.config)
        assert done.code == code, done.err
        return done.json["sync"]["sources"][0]

    def of(self, command: str, *more: str) -> list[dict[str, Any]]:
        return list(self.run(command, "--json", *more, config=self.config).json[command])

    @property
    def kinds(self) -> list[str]:
        return [e["kind"] for e in self.of("events", "--account", "hardware")]


@pytest.fixture(params=["addresses", "key"])
def listed(request: pytest.FixtureRequest) -> list[str]:
    return [ZPUB] if request.param == "key" else [FIRST, SECOND, CHANGE]


@pytest.fixture
def wallet(run: Run, tmp_path: Path, listed: list[str]) -> Iterator[Wallet]:
    chain = Chain()
    with chain.served() as url:
        config = tmp_path / "syncer.toml"
        config.write_text(_settings(url, listed), encoding="utf-8")
        yield Wallet(chain, config, run, url)


def _settings(url: str, listed: list[str], more: str = "") -> str:
    return f'''
        prices = {{ sources = [] }}
        bitcoin = {{ esplora_url = "{url}", rate_limit_ms = 1 }}
        [[account]]
        name = "hardware"
        kind = "wallet"
        chains = ["bitcoin"]
        addresses = {listed}
        {more}
    '''


def _story(chain: Chain) -> str:
    """The id of the transaction that paid the wallet."""
    came = chain.pay("2025-02-01T12:20:00+00:00", [(SHOP, 777), (FIRST, 50_000_000)])
    paid = [(SHOP, 20_000_000), (CHANGE, 29_980_000)]
    spent = chain.pay("2025-03-01T12:00:00+00:00", paid, [(came, 1)])
    chain.pay("2025-04-01T12:00:00+00:00", [(SECOND, 29_970_000)], [(spent, 1)])
    return came


def test_coins_keep_their_basis_and_every_satoshi_is_proved(wallet: Wallet) -> None:
    came = _story(wallet.chain)
    wallet.journal(
        "1,2025-01-02T10:00:00Z,buy,k,USD,50000,BTC,1,,",
        f"2,2025-02-01T12:00:00Z,withdrawal,k,BTC,0.5,,,{came},",
    )
    assert wallet.sync()["balance_gaps"] == 0
    assert wallet.kinds == ["transfer", "withdrawal", "fee"]
    (transfer, sent, moved) = wallet.of("events", "--account", "hardware")
    assert (transfer["rule"], transfer["confidence"]) == ("same_transaction_hash", "sure")
    assert [(g["quantity"], g["role"]) for g in sent["legs"]] == [
        ("-0.2", "principal"),
        ("-0.0002", "fee"),
    ]
    assert [g["quantity"] for g in moved["legs"]] == ["-0.0001"]
    shown = wallet.run("review", "show", sent["event_id"], config=wallet.config).out
    assert SHOP in shown
    subject = f"unmatched_withdrawal:{sent['event_id']}"
    assert wallet.run("review", "answer", subject, "spend", config=wallet.config).code == 0
    lots = [(x["quantity"], x["basis_usd"]) for x in wallet.of("lots", "--account", "hardware")]
    assert lots == [("0.2997", "14985.00")]
    (balance,) = wallet.of("balances", "--account", "hardware")
    assert (balance["reported"], balance["difference"]) == ("0.2997", "0")


def test_again_is_the_same_and_a_quiet_run_asks_one_thing_of_each_address(wallet: Wallet) -> None:
    _story(wallet.chain)
    wallet.chain.height += 200
    wallet.sync()
    digest = wallet.run("rebuild", "--check", config=wallet.config).out
    wallet.chain.asked.clear()
    assert wallet.sync()["new_records"] == 0
    asked = wallet.chain.asked
    assert not any("/txs" in path or path.startswith("/tx/") for path in asked)
    assert len(asked) == len(set(asked))
    assert wallet.run("rebuild", "--check", config=wallet.config).out == digest
    assert wallet.sync("--full")["new_records"] == 0
    assert wallet.run("rebuild", "--check", config=wallet.config).out == digest


def test_pages_are_walked_to_the_end_and_what_is_new_is_found(wallet: Wallet) -> None:
    for n in range(60):
        wallet.chain.pay(f"2025-01-01T00:{n:02}:00+00:00", [(FIRST, 1_000 + n)])
    assert wallet.sync()["balance_gaps"] == 0
    assert len(wallet.kinds) == 60
    wallet.chain.pay("2025-01-02T00:00:00+00:00", [(FIRST, 5)])
    wallet.chain.asked.clear()
    assert wallet.sync()["balance_gaps"] == 0
    assert len(wallet.kinds) == 61
    assert sum("/txs/chain" in path for path in wallet.chain.asked) == 1


def test_a_reorganised_transaction_moves_and_a_lost_one_goes(wallet: Wallet) -> None:
    kept = wallet.chain.pay("2025-02-01T12:00:00+00:00", [(FIRST, 700)])
    lost = wallet.chain.pay("2025-02-01T12:10:00+00:00", [(FIRST, 900)])
    wallet.sync()
    wallet.chain.moved(kept, "2025-02-01T13:00:00+00:00")
    del wallet.chain.txs[lost]
    assert wallet.sync()["balance_gaps"] == 0
    (event,) = wallet.of("events", "--account", "hardware")
    assert (event["at"], event["legs"][0]["quantity"]) == ("2025-02-01T13:00:00Z", "0.000007")


def test_a_list_that_lags_behind_its_count_is_a_gap_until_it_is_whole(wallet: Wallet) -> None:
    wallet.chain.pay("2025-02-01T12:00:00+00:00", [(FIRST, 700)])
    late = wallet.chain.pay("2025-02-01T12:10:00+00:00", [(FIRST, 900)])
    wallet.chain.hidden.add(late)
    assert wallet.sync()["balance_gaps"] == 1
    wallet.chain.hidden.clear()
    assert wallet.sync()["balance_gaps"] == 0
    assert len(wallet.kinds) == 2


def test_mined_coins_are_income_and_what_others_paid_with_us_says_so(wallet: Wallet) -> None:
    mined = wallet.chain.pay("2025-02-01T12:00:00+00:00", [(FIRST, 312_500_000)], mined=True)
    theirs = wallet.chain.pay("2025-02-02T12:00:00+00:00", [("bc1qfriend", 50_000)])
    both = [(mined, 0), (theirs, 0)]
    wallet.chain.pay("2025-02-03T12:00:00+00:00", [(SECOND, 312_499_000), (SHOP, 50_000)], both)
    assert wallet.sync()["balance_gaps"] == 0
    assert wallet.kinds == ["income:mining", "withdrawal"]
    (_, shared) = wallet.of("events", "--account", "hardware")
    assert [(g["quantity"], g["role"]) for g in shared["legs"]] == [("-0.00001", "principal")]
    shown = wallet.run("review", "show", shared["event_id"], config=wallet.config).out
    assert "others paid in it as well" in " ".join(shown.split())


@pytest.mark.parametrize("status", [502, 429])
def test_a_fault_is_ridden_out(wallet: Wallet, status: int) -> None:
    _story(wallet.chain)
    wallet.chain.failing = [web.Response(status=status, headers={"Retry-After": "0"})]
    assert wallet.sync()["balance_gaps"] == 0


def test_what_is_no_esplora_server_is_said(wallet: Wallet) -> None:
    wallet.chain.failing = [web.Response(text="<html>welcome</html>") for _ in range(9)]
    done = wallet.run("sync", config=wallet.config)
    assert done.code == 1
    assert "correct esplora_url of [bitcoin]" in " ".join(done.err.split())
    wallet.chain.failing.clear()
    assert wallet.run("check", config=wallet.config).code == 0


@pytest.mark.parametrize("listed", [[XPUB]])
def test_an_xpub_is_looked_up_in_every_form(wallet: Wallet) -> None:
    """Wallets that call every key xpub do not say which addresses they made of it."""
    wallet.chain.pay("2025-02-01T12:00:00+00:00", [("1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA", 700)])
    assert wallet.sync()["balance_gaps"] == 0
    assert len(wallet.kinds) == 1


def test_a_spend_is_never_before_what_it_spends(wallet: Wallet) -> None:
    """The clock of the second block's miner was a minute behind that of the first."""
    came = wallet.chain.pay("2025-02-01T12:00:00+00:00", [(FIRST, 50_000)])
    wallet.chain.pay("2025-02-01T11:59:00+00:00", [(SHOP, 49_900)], [(came, 0)])
    assert wallet.sync()["balance_gaps"] == 0
    events = wallet.of("events", "--account", "hardware")
    assert {e["at"] for e in events} == {"2025-02-01T12:00:00Z"}
    for kind, answer in (("deposit", "income"), ("withdrawal", "spend")):
        (subject,) = (f"unmatched_{kind}:{e['event_id']}" for e in events if e["kind"] == kind)
        assert wallet.run("review", "answer", subject, answer, config=wallet.config).code == 0
    sold = wallet.of("disposals", "--year", "2025")
    assert {d["acquired_on"] for d in sold} == {"2025-02-01"}  # no shortage


def test_each_payee_is_an_event_with_its_address(wallet: Wallet) -> None:
    came = wallet.chain.pay("2025-02-01T12:00:00+00:00", [(FIRST, 50_000)])
    paid = [(SHOP, 10_000), ("bc1qother", 20_000), (SHOP, 5_000), (CHANGE, 14_500)]
    wallet.chain.pay("2025-02-02T12:00:00+00:00", paid, [(came, 0)])
    assert wallet.sync()["balance_gaps"] == 0
    sent = [e for e in wallet.of("events", "--account", "hardware") if e["kind"] == "withdrawal"]
    legs = sorted([g["quantity"] for g in e["legs"]] for e in sent)
    assert legs == [["-0.00015"], ["-0.0002", "-0.000005"]]
    rule = "unmatched_withdrawal:address=bc1qshop"
    assert wallet.run("review", "answer", rule, "spend", config=wallet.config).code == 0
    assert sorted(wallet.kinds) == ["deposit", "spend", "withdrawal"]


@pytest.mark.parametrize("listed", [[FIRST]])
def test_an_answer_stays_with_its_payee_when_the_change_becomes_known(wallet: Wallet) -> None:
    came = wallet.chain.pay("2025-02-01T12:00:00+00:00", [(FIRST, 50_000)])
    wallet.chain.pay("2025-02-02T12:00:00+00:00", [(SHOP, 10_000), (CHANGE, 39_000)], [(came, 0)])
    wallet.sync()
    rows = [r for r in wallet.of("review") if r["kind"] == "unmatched_withdrawal"]
    (subject,) = (r["id"] for r in rows if r["quantity"] == "0.0001")
    assert wallet.run("review", "answer", subject, "spend", config=wallet.config).code == 0
    wallet.config.write_text(_settings(wallet.url, [FIRST, CHANGE]), encoding="utf-8")
    assert wallet.sync()["balance_gaps"] == 0
    assert sorted(wallet.kinds) == ["deposit", "spend"]


@pytest.mark.parametrize("listed", [[ZPUB]])
def test_change_beyond_the_gap_is_found_by_what_we_paid(wallet: Wallet) -> None:
    far = Key(ZPUB).address("wpkh", 1, 57)
    came = wallet.chain.pay("2025-02-01T12:00:00+00:00", [(FIRST, 50_000)])
    wallet.chain.pay("2025-02-02T12:00:00+00:00", [(SHOP, 10_000), (far, 39_000)], [(came, 0)])
    for _ in range(2):
        assert wallet.sync()["balance_gaps"] == 0
        (balance,) = wallet.of("balances", "--account", "hardware")
        assert (balance["quantity"], balance["reported"]) == ("0.00039", "0.00039")


@pytest.mark.parametrize("listed", [[ZPUB]])
def test_a_key_spelled_otherwise_is_the_same_key(wallet: Wallet) -> None:
    _story(wallet.chain)
    wallet.sync()
    before = wallet.kinds
    xpub = str(HDKey.from_base58(ZPUB).to_base58(version=NETWORKS["main"]["xpub"]))
    wallet.config.write_text(_settings(wallet.url, [xpub]), encoding="utf-8")
    assert wallet.sync()["balance_gaps"] == 0
    assert wallet.kinds == before
    other = (
        f'[[account]]\nname = "b"\nkind = "wallet"\nchains = ["bitcoin"]\naddresses = ["{ZPUB}"]'
    )
    wallet.config.write_text(_settings(wallet.url, [xpub], other), encoding="utf-8")
    refused = wallet.run("status", config=wallet.config)
    assert (refused.code, "two accounts name the address" in " ".join(refused.err.split())) == (
        78,
        True,
    )
    assert ZPUB not in refused.err


@pytest.mark.parametrize("listed", [[ZPUB]])
def test_an_address_of_a_key_that_another_account_lists_is_said(wallet: Wallet) -> None:
    _story(wallet.chain)
    other = f'[[account]]\nname = "cold"\nkind = "manual"\naddresses = ["{FIRST}"]'
    wallet.config.write_text(_settings(wallet.url, [ZPUB], other), encoding="utf-8")
    told = wallet.sync(code=1)
    assert f"address {FIRST} of account cold is one of the key" in told["problem"]


@pytest.mark.parametrize("listed", [[XPUB]])
def test_a_key_on_which_nothing_came_is_warned_of(wallet: Wallet) -> None:
    assert "nothing was ever received on xpub6BosfCni..." in " ".join(wallet.sync()["warnings"])


def test_settings_that_cannot_be_are_refused(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "syncer.toml"
    account = '[[account]]\nname = "w"\nkind = "wallet"\nchains = ["bitcoin"]\n'
    where = '[bitcoin]\nesplora_url = "http://127.0.0.1:1"\n'
    ether = "0x" + "11" * 20
    for text, sentence in (
        (account + f'addresses = ["{FIRST}"]\n', "[bitcoin] has no esplora_url"),
        (where + account + f'addresses = ["{FIRST[:-1]}v"]\n', "a letter may be wrong"),
        (where + account + f'addresses = ["{ether}"]\n', "there is no address of it"),
        (where + account + f'addresses = ["L1{"u" * 50}"]\n', "this is a private key"),
        (
            where + account.replace("bitcoin", "base") + f'addresses = ["{FIRST}"]\n',
            'one of Bitcoin needs chains = ["bitcoin"]',
        ),
    ):
        config.write_text(text, encoding="utf-8")
        done = run("status", config=config)
        assert (done.code, sentence in " ".join(done.err.split())) == (78, True), done.err
        assert "uuuu" not in done.err
