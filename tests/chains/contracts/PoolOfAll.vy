# pragma version ~=0.4.3
# Stands in for Uniswap V4's one pool: keeps the coins and says who changed a position.
event ModifyLiquidity:
    id: indexed(bytes32)
    sender: indexed(address)
    tickLower: int24
    tickUpper: int24
    liquidityDelta: int256
    salt: bytes32

@external
@payable
def __default__():
    pass

@external
def said(token_id: uint256, delta: int256):
    log ModifyLiquidity(id=keccak256("pool"), sender=msg.sender, tickLower=-60, tickUpper=60, liquidityDelta=delta, salt=convert(token_id, bytes32))

@external
def pay(to: address, coins: uint256):
    raw_call(to, b"", value=coins)
