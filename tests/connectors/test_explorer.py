"""An explorer as one source of a wallet's history: it says where to look, the chain decides."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from config.errors import AuthError, TransientError
from connectors.chains import wallet
from connectors.chains.explorer import Explorer
from connectors.retry import RetryPolicy
from tests.chains.anvil import anvil
from tests.chains.local_explorer import LocalExplorer
from tests.chains.proxy import Proxy
from tests.chains.reading import read_wallet
from tests.chains.zoo import Zoo
from tests.serving import serving


def refused(result: str) -> dict[str, str]:
    return {"status": "0", "message": "NOTOK", "result": result}


D = Decimal
FAST = RetryPolicy(attempts=2, base=0.001, limited=0.001)


@pytest.fixture(scope="module")
def zoo() -> Iterator[Zoo]:
    with anvil(chain_id=1) as node:
        yield Zoo(node).live()


@pytest.fixture(autouse=True)
def _short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wallet, "FIRST_RANGE", 10)


async def listed(local: LocalExplorer, zoo: Zoo, page: int = 1_000) -> set[str]:
    with serving(local.app()) as url:
        explorer = Explorer("ethereum", f"{url}/api", 1, "k", FAST, page)
        try:
            found, whole = await explorer.transactions([zoo.me], zoo.start, zoo.node.head)
            assert whole
            return found
        finally:
            await explorer.close()


async def test_its_lists_name_every_step(zoo: Zoo) -> None:
    local = LocalExplorer(zoo.node)
    assert await listed(local, zoo) >= set(zoo.steps.values())
    assert {a["apikey"] for a in local.asked} == {"k"}


@pytest.mark.parametrize("page", [1, 2, 3])
async def test_pages_that_cut_a_block_lose_nothing(page: int, zoo: Zoo) -> None:
    local = LocalExplorer(zoo.node)
    assert await listed(local, zoo, page) == await listed(LocalExplorer(zoo.node), zoo)


async def test_a_cap_below_what_was_asked_for_is_not_taken_for_the_end(zoo: Zoo) -> None:
    local = LocalExplorer(zoo.node, most=4)
    assert await listed(local, zoo) == await listed(LocalExplorer(zoo.node), zoo)


@pytest.mark.parametrize(
    ("lists", "partial"), [(None, True), (frozenset({"txlist", "tokentx"}), False)]
)
async def test_where_a_list_is_lacking_or_incomplete_logs_are_read_as_well(
    lists: frozenset[str] | None, partial: bool, zoo: Zoo
) -> None:
    local = LocalExplorer(zoo.node, lists=lists)
    local.partial = partial
    proxy = Proxy(zoo.node.url)
    with serving(local.app()) as url, serving(proxy.app()) as node:
        explorer = Explorer("ethereum", f"{url}/api", 1, None, FAST)
        found = await read_wallet(node, [zoo.me], explorer=explorer)
    assert found.sums() == (await read_wallet(zoo.node.url, [zoo.me])).sums()
    stored = {r.native_id for r in found.records}
    assert {zoo.steps["1155 in"], zoo.steps["token in"]} <= stored


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (refused("Max calls per sec rate limit reached"), None),
        (refused("Invalid API Key"), AuthError),
        (refused("Free API access is not supported for this chain: paid plan"), AuthError),
        ({"status": "0", "message": "Query Timeout occurred", "result": None}, TransientError),
        ([], TransientError),
    ],
)
async def test_refusals_are_told_by_what_must_be_done(
    said: Any, error: type[Exception] | None, zoo: Zoo
) -> None:
    local = LocalExplorer(zoo.node)
    local.refusals = [said] if error is None else [said] * 2
    if error is None:
        assert await listed(local, zoo) >= set(zoo.steps.values())
    else:
        with pytest.raises(error):
            await listed(local, zoo)


async def test_with_an_explorer_no_logs_are_asked_for_but_the_newest(zoo: Zoo) -> None:
    proxy = Proxy(zoo.node.url)
    local = LocalExplorer(zoo.node)
    with serving(proxy.app()) as url, serving(local.app()) as lists:
        explorer = Explorer("ethereum", f"{lists}/api", 1, None, FAST)
        found = await read_wallet(url, [zoo.me], explorer=explorer)
    calm = await read_wallet(zoo.node.url, [zoo.me])
    assert found.sums() == calm.sums()
    assert found.proved() == calm.proved()
    assert proxy.items["eth_getLogs"] == 4


async def test_where_no_node_gives_call_trees_its_internal_moves_stand_in(zoo: Zoo) -> None:
    """If they explain the balance to the wei; what has no transaction stays unexplained."""
    local = LocalExplorer(zoo.node)
    with serving(Proxy(zoo.node.url, tracer=False).app()) as url, serving(local.app()) as lists:
        explorer = Explorer("ethereum", f"{lists}/api", 1, None, FAST)
        found = await read_wallet(url, [zoo.me], explorer=explorer)
    traced = await read_wallet(zoo.node.url, [zoo.me])
    assert found.sums() == traced.sums()
    assert [e.quantity for e in found.entries if e.kind == "unexplained"] == [D("0.05")]
    paid = zoo.steps["paid by a contract"]
    assert found.moved(paid) == {"ETH": D("0.25")}
    assert {e.address for e in found.entries if e.group == paid} == {zoo.payout.address.lower()}


async def test_internal_moves_that_do_not_explain_the_balance_are_not_taken(zoo: Zoo) -> None:
    local = LocalExplorer(zoo.node)
    rows = local.rows["txlistinternal"]
    local.rows["txlistinternal"] = [(*r[:3], {**r[3], "value": "7"}) for r in rows]
    with serving(Proxy(zoo.node.url, tracer=False).app()) as url, serving(local.app()) as lists:
        explorer = Explorer("ethereum", f"{lists}/api", 1, None, FAST)
        found = await read_wallet(url, [zoo.me], explorer=explorer)
    assert found.sums() == (await read_wallet(zoo.node.url, [zoo.me])).sums()
    assert not any(e.quantity == D(7) / 10**18 for e in found.entries)
