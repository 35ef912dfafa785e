"""Swaps are told by what came and what left, not by what was asked for."""

from __future__ import annotations

from decimal import Decimal

from web3 import Web3

from tests.chains.anvil import ETHER, Anvil, Contract, anvil, packaged
from tests.chains.reading import read_wallet
from tests.chains.zoo import OZ, V2, signer

D = Decimal
CORE = "@uniswap/v3-core/artifacts/contracts/"
PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts/"
FOREVER = 2**40


class Pool:
    """Uniswap V3: a pool of WETH and a dollar token, and its router."""

    def __init__(self, node: Anvil) -> None:
        maker = node.accounts[0]
        self.weth = node.deploy(maker, packaged(f"{V2}WETH9.json"))
        fixed = packaged(f"{OZ}ERC20PresetFixedSupply.json")
        self.usd = node.deploy(maker, fixed, "USD X", "USDX", 10**9 * ETHER, maker)
        factory = node.deploy(maker, packaged(f"{CORE}UniswapV3Factory.sol/UniswapV3Factory.json"))
        of_factory = (factory.address, self.weth.address)
        positions = node.deploy(
            maker,
            packaged(f"{PERIPHERY}NonfungiblePositionManager.sol/NonfungiblePositionManager.json"),
            *of_factory,
            maker,
        )
        router = packaged(f"{PERIPHERY}SwapRouter.sol/SwapRouter.json")
        self.router: Contract = node.deploy(maker, router, *of_factory)
        pair = sorted((self.weth.address, self.usd.address), key=lambda a: int(a, 16))
        positions.send(maker, "createAndInitializePoolIfNecessary", *pair, 3000, 2**96)
        self.weth.send(maker, "deposit", value=500 * ETHER)
        for one in (self.weth, self.usd):
            one.send(maker, "approve", positions.address, 2**256 - 1)
        everywhere = (3000, -887220, 887220, 500 * ETHER, 500 * ETHER, 0, 0, maker, FOREVER)
        positions.send(maker, "mint", (*pair, *everywhere), gas=6_000_000)

    def swap(self, me: str) -> tuple[str, str, int, str, int, int, int, int]:
        """One coin's worth of WETH for dollars, as the router wants to be asked."""
        return (self.weth.address, self.usd.address, 3000, me, FOREVER, ETHER, 0, 0)


async def test_a_swap_costs_what_left_even_if_the_router_kept_the_rest() -> None:
    with anvil(chain_id=1) as node:
        pool, me = Pool(node), signer(11).address
        node.become(me)
        node.send(node.accounts[0], me, 20 * ETHER)
        kept = pool.router.send(
            me, "exactInputSingle", pool.swap(me), value=2 * ETHER, gas=2_000_000
        )
        calls = [
            Web3.to_bytes(hexstr=pool.router.data("exactInputSingle", pool.swap(me))),
            Web3.to_bytes(hexstr=pool.router.data("refundETH")),
        ]
        # the refund brings back what this swap left over, and what the one before it left
        swept = pool.router.send(me, "multicall", calls, value=2 * ETHER, gas=2_000_000)
        found = await read_wallet(node.url, [me])
        found.proved()
        usdx = f"ethereum:{pool.usd.address.lower()}"
        bought = [q for _, _, asset, q in found.of(kept) + found.of(swept) if asset == usdx]
        assert [D(0) < q < D(1) for q in bought] == [True, True]
        assert found.moved(kept)["ETH"] == D(-2)
        assert found.moved(swept)["ETH"] == D(0)
