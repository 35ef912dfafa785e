"""A wallet on anvil, with contracts of others: everything found, each wei explained."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from connectors.chains.discover import changed_blocks, transactions_by_logs
from connectors.chains.rpc import Rpc
from tests.chains.anvil import ETHER, anvil
from tests.chains.proxy import Proxy
from tests.chains.reading import Found, read_wallet
from tests.chains.zoo import Zoo
from tests.serving import serving

D = Decimal
CHAIN = 1


@pytest.fixture(scope="module")
def zoo() -> Iterator[Zoo]:
    with anvil(chain_id=CHAIN) as node:
        yield Zoo(node).live()


def step(zoo: Zoo, found: Found, label: str) -> list[tuple[str, str, str, Decimal]]:
    """(kind, role, asset, quantity) of a step's entries, tokens by the zoo's own names."""
    contracts = {"USDX": zoo.usdx, "GLDX": zoo.gldx, "ART": zoo.nft, "MULTI": zoo.multi}
    contracts["POOL"] = zoo.pool

    def named(asset: str) -> str:
        for name, contract in contracts.items():
            asset = asset.replace(f"ethereum:{contract.address.lower()}", name)
        return asset

    return [(kind, role, named(a), q) for kind, role, a, q in found.of(zoo.steps[label])]


async def test_every_step_is_found_and_every_balance_reconciles(zoo: Zoo) -> None:
    found = await read_wallet(zoo.node.url, [zoo.me])
    hashes = {r.native_id for r in found.records if r.stream == "txs"}
    assert {label for label, h in zoo.steps.items() if h not in hashes} == set()
    assert found.proved()["ETH"] == D(zoo.node.balance(zoo.me)) / ETHER
    unexplained = [e for e in found.entries if e.kind == "unexplained"]
    assert [(e.quantity, e.native_id.split(":")[0]) for e in unexplained] == [
        (D("0.05"), str(zoo.credits[0]))
    ]


# by step: its kind, whether a fee was paid, and what came and left
STEPS: dict[str, tuple[str, bool, dict[str, str]]] = {
    "native in": ("received", False, {"ETH": "20"}),
    "wrap": ("wrap", True, {"ETH": "-1", "WETH": "1"}),
    "self transfer": ("sent", True, {}),
    "native out": ("sent", True, {"ETH": "-1"}),
    "unwrap": ("unwrap", True, {"ETH": "0.5", "WETH": "-0.5"}),
    "swap ETH to USDX": ("sent", True, {"ETH": "-2", "USDX": "5970.095629315145599674"}),
    "approve": ("approval", True, {}),
    "swap USDX to GLDX": ("sent", True, {"USDX": "-1000", "GLDX": "0.498659581776734412"}),
    "swap USDX to ETH": ("sent", True, {"USDX": "-500", "ETH": "0.16669203474565262"}),
    "add liquidity": (
        "liquidity",
        True,
        {"ETH": "-0.300898275133024171", "USDX": "-900", "POOL": "16.456196983224937649"},
    ),
    "failed": ("failed", True, {}),
    "NFT bought, rest back": ("sent", True, {"ETH": "-0.5", "ART/0": "1"}),
    "poison": ("", False, {}),
    "1155 in": ("received", False, {"MULTI/7": "3"}),
    "1155 batch in": ("received", False, {"MULTI/7": "2", "MULTI/9": "5"}),
    "token in": ("received", False, {"GLDX": "5"}),
    "token out": ("sent", True, {"GLDX": "-1"}),
    "paid by a contract": ("received", False, {"ETH": "0.25"}),
    "selfdestruct in": ("received", False, {"ETH": "0.125"}),
    "created with value": ("sent", True, {"ETH": "-0.0625"}),
    "sponsored 7702": ("sent", False, {"ETH": "-0.03125"}),
}


async def test_each_step_is_what_it_was(zoo: Zoo) -> None:
    found = await read_wallet(zoo.node.url, [zoo.me])
    assert set(STEPS) == set(zoo.steps)
    for label, (kind, pays, moved) in STEPS.items():
        rows = step(zoo, found, label)
        assert {k for k, *_ in rows} == ({kind} if rows else set()), label
        sums: dict[str, Decimal] = {}
        for _, role, asset, quantity in rows:
            if role == "principal":
                sums[asset] = sums.get(asset, D(0)) + quantity
        assert sums == {a: D(q) for a, q in moved.items()}, label
        fees = [-q * ETHER for _, role, _, q in rows if role == "fee"]
        assert fees == ([zoo.paid(label)] if pays else []), label


async def test_without_a_tracer_the_balance_tells_what_no_event_does(zoo: Zoo) -> None:
    """The same sums; what can be given to no transaction of ours is said to be unexplained."""
    traced = await read_wallet(zoo.node.url, [zoo.me])
    proxy = Proxy(zoo.node.url, tracer=False)
    with serving(proxy.app()) as url:
        found = await read_wallet(url, [zoo.me])
    assert found.sums() == traced.sums()
    unexplained = {e.quantity for e in found.entries if e.kind == "unexplained"}
    assert unexplained == {D("0.05"), D("0.25"), D("0.125")}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("query returned more than 10000 results", None),
        ("query exceeds max block range {cap}", None),
        ("eth_getLogs range is too large, max is 1k blocks", None),
        ("ranges over {cap} blocks are not supported on freetier", None),
        ("Log response size exceeded", None),
        ("query exceeds max results 20000, retry with the range 1-7", None),
        ("", 400),
        ("", 413),
    ],
)
async def test_caps_on_the_range_of_logs_are_learnt_in_whatever_words(
    text: str, status: int | None, zoo: Zoo
) -> None:
    proxy = Proxy(zoo.node.url, log_cap=7, cap_text=text, cap_status=status)
    with serving(proxy.app()) as url:
        capped = await read_wallet(url, [zoo.me])
    assert capped.sums() == (await read_wallet(zoo.node.url, [zoo.me])).sums()


async def test_a_quiet_run_costs_three_requests_and_the_logs(zoo: Zoo) -> None:
    proxy = Proxy(zoo.node.url)
    with serving(proxy.app()) as url:
        first = await read_wallet(url, [zoo.me])
        zoo.node.mine(100)
        second = await read_wallet(url, [zoo.me], before=first)
        proxy.forget()
        zoo.node.mine(100)
        quiet = await read_wallet(url, [zoo.me], before=second)
    assert quiet.records == second.records
    assert proxy.items["eth_getLogs"] == 4
    assert proxy.requests == 4
    assert quiet.reported.balances[0].quantity == first.reported.balances[0].quantity


async def test_what_each_way_of_finding_misses_and_that_together_they_miss_nothing(
    zoo: Zoo,
) -> None:
    rpc = Rpc("ethereum", [zoo.node.url])
    try:
        by_logs = await transactions_by_logs(rpc, [zoo.me], 0, zoo.node.head)
        changed = await changed_blocks(rpc, [zoo.me.lower()], -1, zoo.node.head)
    finally:
        await rpc.close()
    blocks = {label: int(zoo.node.receipt(h)["blockNumber"], 16) for label, h in zoo.steps.items()}
    no_event = {label for label, h in zoo.steps.items() if h not in by_logs}
    unchanged = {label for label, n in blocks.items() if n not in changed[zoo.me.lower()]}
    assert no_event == {
        "native in",
        "self transfer",
        "native out",
        "failed",
        "paid by a contract",
        "selfdestruct in",
        "created with value",
        "sponsored 7702",
    }
    assert unchanged == {"poison", "1155 in", "1155 batch in", "token in"}
    assert not no_event & unchanged
