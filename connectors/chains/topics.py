"""The event signatures that change a balance or name a meaning."""

from __future__ import annotations

from eth_hash.auto import keccak


def _topic(signature: str) -> str:
    return "0x" + keccak(signature.encode()).hex()


TRANSFER = _topic("Transfer(address,address,uint256)")
TRANSFER_SINGLE = _topic("TransferSingle(address,address,address,uint256,uint256)")
TRANSFER_BATCH = _topic("TransferBatch(address,address,address,uint256[],uint256[])")
APPROVAL = _topic("Approval(address,address,uint256)")
APPROVAL_FOR_ALL = _topic("ApprovalForAll(address,address,bool)")
# WETH9 wraps and unwraps without a Transfer
DEPOSIT = _topic("Deposit(address,uint256)")
WITHDRAWAL = _topic("Withdrawal(address,uint256)")
USER_OPERATION = _topic("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)")
DEPOSITED = _topic("Deposited(address,uint256)")
WITHDRAWN = _topic("Withdrawn(address,address,uint256)")
EXECUTION_SUCCESS = _topic("ExecutionSuccess(bytes32,uint256)")
EXECUTION_FAILURE = _topic("ExecutionFailure(bytes32,uint256)")
# contracts that repeat moves of the native coin as events: the balance tells them already
NATIVE_LOGS = frozenset(
    {
        "0xfffffffffffffffffffffffffffffffffffffffe",  # EIP-7708
        "0x0000000000000000000000000000000000001010",  # Polygon
        "0x000000000000000000000000000000000000800a",  # zkSync Era
    }
)


def padded(address: str) -> str:
    """An address as an indexed topic."""
    return "0x" + "0" * 24 + address.removeprefix("0x").lower()


def address_of(topic: str) -> str:
    """The address in an indexed topic, lower case."""
    return "0x" + topic[-40:].lower()
