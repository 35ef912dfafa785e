# pragma version ~=0.4.3
# Stands in for a StableSwap-NG pool of Curve: its token is the pool itself.
interface ERC20:
    def transferFrom(sender: address, receiver: address, amount: uint256) -> bool: nonpayable
    def transfer(receiver: address, amount: uint256) -> bool: nonpayable

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

event AddLiquidity:
    provider: indexed(address)
    token_amounts: DynArray[uint256, 8]
    fees: DynArray[uint256, 8]
    invariant: uint256
    token_supply: uint256

event RemoveLiquidityOne:
    provider: indexed(address)
    token_id: int128
    token_amount: uint256
    coin_amount: uint256
    token_supply: uint256

decimals: public(uint8)
coins: public(DynArray[address, 8])
balanceOf: public(HashMap[address, uint256])
totalSupply: public(uint256)

@deploy
def __init__(coins: DynArray[address, 8]):
    self.decimals = 18
    self.coins = coins

@view
@external
def symbol() -> String[6]:
    return "2CRVNG"

@external
def add_liquidity(amounts: DynArray[uint256, 8]):
    self._add(amounts, msg.sender)

@external
def add_liquidity_for(amounts: DynArray[uint256, 8], receiver: address):
    self._add(amounts, receiver)

@internal
def _add(amounts: DynArray[uint256, 8], owner: address):
    made: uint256 = 0
    for i: uint256 in range(len(amounts), bound=8):
        if amounts[i] > 0:
            extcall ERC20(self.coins[i]).transferFrom(msg.sender, self, amounts[i])
            made += amounts[i]
    self.balanceOf[owner] += made
    self.totalSupply += made
    log Transfer(sender=empty(address), receiver=owner, amount=made)
    log AddLiquidity(provider=msg.sender, token_amounts=amounts, fees=[], invariant=made, token_supply=self.totalSupply)

@external
def remove_liquidity_one_coin(amount: uint256, i: int128):
    self.balanceOf[msg.sender] -= amount
    self.totalSupply -= amount
    log Transfer(sender=msg.sender, receiver=empty(address), amount=amount)
    extcall ERC20(self.coins[convert(i, uint256)]).transfer(msg.sender, amount)
    log RemoveLiquidityOne(provider=msg.sender, token_id=i, token_amount=amount, coin_amount=amount, token_supply=self.totalSupply)
