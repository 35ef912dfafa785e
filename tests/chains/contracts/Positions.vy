# pragma version ~=0.4.3
# Stands in for the position manager of Uniswap V4: an NFT for liquidity, whose events are the pool's.
interface Pool:
    def said(token_id: uint256, delta: int256): nonpayable

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    token_id: indexed(uint256)

pool: address
ownerOf: public(HashMap[uint256, address])
getPositionLiquidity: public(HashMap[uint256, uint256])

@external
def pool_is(pool: address):
    self.pool = pool

@external
@payable
def mint(token_id: uint256, liquidity: uint256):
    self.ownerOf[token_id] = msg.sender
    log Transfer(sender=empty(address), receiver=msg.sender, token_id=token_id)
    self._modify(token_id, convert(liquidity, int256))
    raw_call(self.pool, b"", value=msg.value)

@external
def take(token_id: uint256, liquidity: uint256, coins: uint256):
    self._modify(token_id, -convert(liquidity, int256))
    raw_call(self.pool, abi_encode(msg.sender, coins, method_id=method_id("pay(address,uint256)")))

@internal
def _modify(token_id: uint256, delta: int256):
    self.getPositionLiquidity[token_id] = convert(convert(self.getPositionLiquidity[token_id], int256) + delta, uint256)
    extcall Pool(self.pool).said(token_id, delta)
