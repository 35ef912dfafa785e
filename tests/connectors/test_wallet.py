"""A wallet on anvil, with contracts of others: everything found, each wei explained."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from connectors.chains.discover import changed_blocks, transactions_by_logs
from connectors.chains.rpc import Rpc
from connectors.chains.translate import ChainTranslator
from connectors.chains.wallet import Wallet
from connectors.records import Entry, RawRecord, Reported
from connectors.retry import RetryPolicy
from tests.chains.anvil import ETHER, anvil
from tests.chains.proxy import Proxy
from tests.chains.zoo import Zoo
from tests.serving import serving

D = Decimal
CHAIN = 1


@pytest.fixture(scope="module")
def zoo() -> Iterator[Zoo]:
    with anvil(chain_id=CHAIN) as node:
        yield Zoo(node).live()


class Read:
    """What a pull of the zoo's wallet brought, and what it means."""

    def __init__(
        self,
        zoo: Zoo,
        records: list[RawRecord],
        reported: Reported,
        cursors: dict[str, str],
    ) -> None:
        self.zoo, self.records, self.reported, self.cursors = zoo, records, reported, cursors
        translate = ChainTranslator("w", [zoo.me], "ethereum", CHAIN)
        self.translation = translate(records)

    def step(self, label: str) -> list[tuple[str, str, str, Decimal]]:
        """(kind, role, asset, quantity) of a step's entries."""
        found = [e for e in self.translation.entries if e.group == self.zoo.steps[label]]
        return sorted((e.kind, e.role, self.name(e), e.quantity) for e in found)

    def name(self, entry: Entry) -> str:
        zoo, asset = self.zoo, entry.asset
        contracts = {"USDX": zoo.usdx, "GLDX": zoo.gldx, "ART": zoo.nft}
        contracts |= {"MULTI": zoo.multi, "POOL": zoo.pool}
        for name, contract in contracts.items():
            asset = asset.replace(f"ethereum:{contract.address.lower()}", name)
        return asset

    def sums(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for entry in self.translation.entries:
            found[entry.asset] = found.get(entry.asset, D(0)) + entry.quantity
        return found


async def read(zoo: Zoo, url: str | None = None) -> Read:
    return await _read(zoo, url or zoo.node.url, {}, [])


async def again(zoo: Zoo, url: str, before: Read) -> Read:
    """The next scheduled run; it goes on from the cursors."""
    found = await _read(zoo, url, before.cursors, before.records)
    before.cursors |= found.cursors
    return found


async def _read(zoo: Zoo, url: str, cursors: dict[str, str], known: list[RawRecord]) -> Read:
    rpc = Rpc("ethereum", [url], RetryPolicy(base=0.01))
    wallet = Wallet("w@anvil", "w", [zoo.me], rpc, CHAIN, 0, known)
    records: list[RawRecord] = []
    reached: dict[str, str] = {}
    try:
        await wallet.check_key()
        async for page in wallet.pull(cursors):
            records += page.records
            reached[page.stream] = page.next_cursor
        return Read(zoo, records, await wallet.balances(), reached)
    finally:
        await wallet.close()


async def test_every_step_is_found_and_every_balance_reconciles(zoo: Zoo) -> None:
    found = await read(zoo)
    assert found.translation.problems == ()
    hashes = {r.native_id for r in found.records if r.stream == "txs"}
    assert {label for label, h in zoo.steps.items() if h not in hashes} == set()
    sums = found.sums()
    for balance in found.reported.balances:
        assert sums.get(balance.asset, 0) == balance.quantity
    native = next(b.quantity for b in found.reported.balances if b.asset == "ETH")
    assert native == D(zoo.node.balance(zoo.me)) / ETHER
    unexplained = [e for e in found.translation.entries if e.kind == "unexplained"]
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
        "sent",
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
    found = await read(zoo)
    assert set(STEPS) == set(zoo.steps)
    for label, (kind, pays, moved) in STEPS.items():
        rows = found.step(label)
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
    traced = await read(zoo)
    proxy = Proxy(zoo.node.url, tracer=False)
    with serving(proxy.app()) as url:
        found = await read(zoo, url)
    assert found.translation.problems == ()
    assert found.sums() == traced.sums()
    unexplained = {e.quantity for e in found.translation.entries if e.kind == "unexplained"}
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
        assert (await read(zoo, url)).sums() == (await read(zoo)).sums()


async def test_a_quiet_run_costs_three_requests_and_the_logs(zoo: Zoo) -> None:
    proxy = Proxy(zoo.node.url)
    with serving(proxy.app()) as url:
        first = await read(zoo, url)
        zoo.node.mine(100)
        await again(zoo, url, first)
        proxy.forget()
        zoo.node.mine(100)
        quiet = await again(zoo, url, first)
    assert quiet.records == []
    assert proxy.items["eth_getLogs"] == 3
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
