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
# Aave V3: of a share or of a debt
AAVE_MINT = _topic("Mint(address,address,uint256,uint256,uint256)")
AAVE_BURN = _topic("Burn(address,address,uint256,uint256,uint256)")
# positions of Uniswap V3, and of V4's one pool
INCREASED = _topic("IncreaseLiquidity(uint256,uint128,uint256,uint256)")
DECREASED = _topic("DecreaseLiquidity(uint256,uint128,uint256,uint256)")
COLLECTED = _topic("Collect(uint256,address,uint256,uint256)")
POOL_COLLECTED = _topic("Collect(address,address,int24,int24,uint128,uint128)")
MODIFIED = _topic("ModifyLiquidity(bytes32,address,int24,int24,int256,bytes32)")
# pools whose own token is a share of them
POOL_MINT = _topic("Mint(address,uint256,uint256)")
POOL_BURN = _topic("Burn(address,uint256,uint256,address)")
_COINS = ("uint256[2]", "uint256[3]", "uint256[4]", "uint256[]")
CURVE = frozenset(
    [
        _topic(f"{name}(address,{coins},{rest})")
        for coins in _COINS
        for name, rest in (
            ("AddLiquidity", f"{coins},uint256,uint256"),
            ("AddLiquidity", "uint256,uint256"),
            ("AddLiquidity", "uint256,uint256,uint256"),
            ("RemoveLiquidity", f"{coins},uint256"),
            ("RemoveLiquidity", "uint256"),
            ("RemoveLiquidityImbalance", f"{coins},uint256,uint256"),
        )
    ]
    + [
        _topic(f"RemoveLiquidityOne(address,{rest})")
        for rest in (
            "uint256,uint256",
            "uint256,uint256,uint256",
            "int128,uint256,uint256,uint256",
            "uint256,uint256,uint256,uint256,uint256",
        )
    ]
    + [_topic("RemoveLiquidityImbalance(address,uint256,uint256[2],uint256,uint256)")]
)
# CoW: an order of the chain's own coin, its settlement, and its coins back
PLACED = _topic(
    "OrderPlacement(address,(address,address,address,uint256,uint256,uint32,bytes32,uint256,"
    "bytes32,bool,bytes32,bytes32),(uint8,bytes),bytes)"
)
TRADED = _topic("Trade(address,address,address,uint256,uint256,uint256,bytes)")
INVALIDATED = _topic("OrderInvalidation(bytes)")
REFUNDED = _topic("OrderRefund(bytes,address)")
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
