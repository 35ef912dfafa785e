"""What a wallet does in a year, on a real chain: each step is labelled with its transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from tests.chains.anvil import ETHER, Anvil, Contract, packaged, vyper

V2, CORE = "@uniswap/v2-periphery/build/", "@uniswap/v2-core/build/"
OZ = "@openzeppelin/contracts/build/contracts/"
ME = 11
FOREVER, ALL = 2**40, 2**256 - 1
WETH = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"  # of Ethereum, whose chain id the zoo has


def signer(number: int) -> LocalAccount:
    """An account with its key; anvil's first ten are rich."""
    Account.enable_unaudited_hdwallet_features()
    words = "test test test test test test test test test test test junk"
    made: LocalAccount = Account.from_mnemonic(words, account_path=f"m/44'/60'/0'/0/{number}")
    return made


def _short(text: str) -> int:
    """A short string as Solidity stores it."""
    raw = text.encode()
    return int.from_bytes(raw.ljust(31, b"\0") + bytes([2 * len(raw)]), "big")


@dataclass
class Zoo:
    """A node with contracts on it, and one wallet, `me`, that starts empty. `steps` are the
    transactions by label; `credits` the blocks in which coins came without one."""

    node: Anvil
    gap: int = 3  # empty blocks after each step
    steps: dict[str, str] = field(default_factory=dict)
    credits: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.maker, self.friend, self.stranger = self.node.accounts[:3]
        self.me = signer(ME).address
        self.node.become(self.me)
        self._contracts()
        self.node.mine(self.gap)
        self.start = self.node.head

    def _contracts(self) -> None:
        node, maker = self.node, self.maker
        token = packaged(f"{OZ}ERC20PresetFixedSupply.json")
        made = node.deploy(maker, packaged(f"{V2}WETH9.json"))
        self.weth = node.at(WETH, made, {1: _short("WETH"), 2: 18})
        self.usdx = node.deploy(maker, token, "USD X", "USDX", 10**9 * ETHER, maker)
        self.gldx = node.deploy(maker, token, "Gold X", "GOLDX", 10**9 * ETHER, maker)
        factory = node.deploy(maker, packaged(f"{CORE}UniswapV2Factory.json"), maker)
        self.router = node.deploy(
            maker, packaged(f"{V2}UniswapV2Router02.json"), factory.address, self.weth.address
        )
        self.nft = node.deploy(
            maker, packaged(f"{OZ}ERC721PresetMinterPauserAutoId.json"), "Art", "ART", "x/"
        )
        self.multi = node.deploy(maker, packaged(f"{OZ}ERC1155PresetMinterPauser.json"), "x/")
        self.market = node.deploy(maker, vyper("Market"), self.nft.address)
        self.payout = node.deploy(maker, vyper("Payout"))
        for one, units in ((self.usdx, 3_000_000), (self.gldx, 1_500)):
            one.send(maker, "approve", self.router.address, ALL)
            self.router.send(
                maker,
                "addLiquidityETH",
                *(one.address, units * ETHER, 0, 0, maker, FOREVER),
                value=1000 * ETHER,
            )
        told = factory.read("getPair", self.usdx.address, self.weth.address)
        self.pool = Contract(node, Web3.to_checksum_address(f"{told:#042x}"), [])
        self.nft.send(maker, "mint", maker)
        self.nft.send(maker, "approve", self.market.address, 0)
        self.market.send(maker, "list_token", 0, ETHER // 2)

    # ---- steps

    def step(self, label: str, tx_hash: str) -> None:
        self.steps[label] = tx_hash.lower()
        self.node.mine(self.gap)

    def paid(self, label: str) -> int:
        """Wei of gas, by the receipt."""
        receipt = self.node.receipt(self.steps[label])
        return int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)

    def _mine(self, label: str, contract: Contract, function: str, *args: Any, **more: Any) -> None:
        self.step(label, contract.send(self.me, function, *args, **more))

    def live(self) -> Zoo:
        """All of it."""
        self.coins()
        self.swaps()
        self.tokens()
        self.odd()
        return self

    def coins(self) -> None:
        node, me = self.node, self.me
        self.step("native in", node.send(self.friend, me, 20 * ETHER))
        self._mine("wrap", self.weth, "deposit", value=ETHER)
        self.step("self transfer", node.send(me, me, ETHER))
        self.step("native out", node.send(me, self.friend, ETHER))
        self._mine("unwrap", self.weth, "withdraw", ETHER // 2)

    def swaps(self) -> None:
        weth, usdx, gldx = (c.address for c in (self.weth, self.usdx, self.gldx))
        to_me = (self.me, FOREVER)
        eth_for_tokens = ("swapExactETHForTokens", 0, [weth, usdx], *to_me)
        self._mine("swap ETH to USDX", self.router, *eth_for_tokens, value=2 * ETHER)
        self._mine("approve", self.usdx, "approve", self.router.address, ALL)
        path = [usdx, weth, gldx]
        tokens = ("swapExactTokensForTokens", 1000 * ETHER, 0, path, *to_me)
        self._mine("swap USDX to GLDX", self.router, *tokens)
        for_eth = ("swapExactTokensForETH", 500 * ETHER, 0, [usdx, weth], *to_me)
        self._mine("swap USDX to ETH", self.router, *for_eth)
        liquidity = ("addLiquidityETH", usdx, 900 * ETHER, 0, 0, *to_me)
        self._mine("add liquidity", self.router, *liquidity, value=ETHER)
        self._mine("failed", self.market, "buy", 0, value=1, status=0)
        self._mine("NFT bought, rest back", self.market, "buy", 0, value=ETHER)

    def tokens(self) -> None:
        multi, me, maker = self.multi, self.me, self.maker
        poison = self.usdx.send(self.stranger, "transferFrom", me, self.stranger, 0)
        self.step("poison", poison)
        self.step("1155 in", multi.send(maker, "mint", me, 7, 3, "0x"))
        self.step("1155 batch in", multi.send(maker, "mintBatch", me, [7, 9], [2, 5], "0x"))
        self.step("token in", self.gldx.send(maker, "transfer", me, 5 * ETHER))
        self._mine("token out", self.gldx, "transfer", self.friend, ETHER)

    def odd(self) -> None:
        node, me, friend = self.node, self.me, self.friend
        half = ("pay", [me, self.stranger], ETHER // 4)
        self.step("paid by a contract", self.payout.send(friend, *half, value=ETHER // 2))
        # made and destroyed inside one transaction: PUSH20 me SELFDESTRUCT
        destroy = f"0x73{me[2:]}ff"
        self.step("selfdestruct in", node.send(friend, None, ETHER // 8, destroy))
        self.step("created with value", node.send(me, None, ETHER // 16, "0x60006000f3"))
        self.step("sponsored 7702", self._sponsored())
        self.credit(ETHER // 20)

    def _sponsored(self) -> str:
        """Somebody else pays: my nonce moves although I sent no transaction."""
        node, mine, payer = self.node, signer(ME), signer(1)
        chain = int(node("eth_chainId"), 16)
        delegation = {
            "chainId": chain,
            "address": self.payout.address,
            "nonce": self._nonce(self.me),
        }
        fields = {
            "type": 4,
            "chainId": chain,
            "to": self.me,
            "value": 0,
            "data": self.payout.data("pay", [self.friend], ETHER // 32),
            "nonce": self._nonce(self.friend),
            "gas": 300_000,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
            "authorizationList": [mine.sign_authorization(delegation)],
        }
        return node.raw(payer.sign_transaction(fields))

    def _nonce(self, address: str) -> int:
        return int(self.node("eth_getTransactionCount", address, "latest"), 16)

    def credit(self, wei: int) -> None:
        """Coins without a transaction: an import, a state sync, a block's reward."""
        self.node("anvil_setBalance", self.me, hex(self.node.balance(self.me) + wei))
        self.credits.append(self.node.head)  # it counts from the block that is there
        self.node.mine(self.gap)
