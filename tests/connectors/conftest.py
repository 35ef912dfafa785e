"""What the tests of wallets start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chains.anvil import ETHER, Anvil, anvil
from tests.chains.zoo import signer


@pytest.fixture
def node() -> Iterator[Anvil]:
    """Ethereum, where account 11 is a wallet with 100 ETH."""
    with anvil(chain_id=1) as made:
        made.become(signer(11).address)
        made.send(made.accounts[0], signer(11).address, 100 * ETHER)
        yield made
