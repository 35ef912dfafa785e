"""An explorer as one source of a wallet's history: it says where to look, the chain decides."""

from __future__ import annotations

from collections.abc import Iterator
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
            return await explorer.transactions([zoo.me], zoo.start, zoo.node.head)
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


async def test_a_list_that_is_known_to_be_incomplete_is_read_for_what_it_is(zoo: Zoo) -> None:
    local = LocalExplorer(zoo.node)
    local.partial = True
    assert await listed(local, zoo) >= set(zoo.steps.values())


async def test_a_list_that_an_explorer_lacks_is_passed_over(zoo: Zoo) -> None:
    local = LocalExplorer(zoo.node, lists=frozenset({"txlist", "tokentx"}))
    found = await listed(local, zoo)
    assert zoo.steps["token in"] in found
    assert zoo.steps["1155 in"] not in found


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
    assert proxy.items["eth_getLogs"] == 3


async def test_what_an_explorer_leaves_out_is_told_by_the_chains_own_word(zoo: Zoo) -> None:
    """No list of tokens at all: the native coin is found by bisection, tokens are not; where their
    own word is asked for, the difference is a row with its block."""
    local = LocalExplorer(zoo.node, lists=frozenset({"txlist"}))
    with serving(local.app()) as lists:
        explorer = Explorer("ethereum", f"{lists}/api", 1, None, FAST)
        found = await read_wallet(zoo.node.url, [zoo.me], explorer=explorer)
    native = (await read_wallet(zoo.node.url, [zoo.me])).proved()["ETH"]
    assert found.proved()["ETH"] == native
    gldx = f"ethereum:{zoo.gldx.address.lower()}"
    rows = [(e.kind, e.quantity) for e in found.entries if e.asset == gldx and e.kind == "rebase"]
    assert rows == [("rebase", 5)]
