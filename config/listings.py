"""By what names price services know an asset: a coin's id, or a contract on a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.assets import names
from config.networks import Network, network_of


@dataclass(frozen=True, slots=True)
class Listed:
    """`coin` is CoinGecko's id; else a contract with DeFiLlama's and CoinGecko's word for its
    chain."""

    coin: str | None = None
    contract: str | None = None
    llama: str = ""
    gecko: str = ""


class Listing:
    """Look-ups; `chains` are the settings' names of chains with their ids."""

    def __init__(self, chains: Mapping[str, int]) -> None:
        self._chains = chains

    def of(self, asset: str) -> Listed | None:
        """None for what nobody could know by this text: an NFT, a venue's own word."""
        if coin := names().coingecko(asset):
            return Listed(coin=coin)
        found = names().contract_of(asset)
        if found is None:
            chain, _, contract = asset.partition(":")
            chain_id = self._chains.get(chain)
            if chain_id is None or not contract.startswith("0x") or "/" in contract:
                return None
            found = chain_id, contract
        network: Network | None = network_of(found[0])
        if network is None or not network.llama:
            return None
        return Listed(contract=found[1], llama=network.llama, gecko=network.gecko)
