# pragma version ~=0.4.3
# Stands in for a share (aToken) or a debt token of Aave V3: a scaled balance times its pool's index;
# Transfer, then Mint or Burn, with the interest since the last time in the value (v3.0 to v3.4).
interface Pool:
    def index() -> uint256: view

interface ERC20:
    def transfer(receiver: address, amount: uint256) -> bool: nonpayable

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

event BalanceTransfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256
    index: uint256

event Mint:
    caller: indexed(address)
    onBehalfOf: indexed(address)
    value: uint256
    balanceIncrease: uint256
    index: uint256

event Burn:
    owner: indexed(address)
    target: indexed(address)
    value: uint256
    balanceIncrease: uint256
    index: uint256

RAY: constant(uint256) = 10 ** 27
decimals: public(uint8)
POOL: public(address)
UNDERLYING_ASSET_ADDRESS: public(address)
scaled: HashMap[address, uint256]
last: HashMap[address, uint256]

@deploy
def __init__(pool: address, asset: address):
    self.decimals = 6
    self.POOL = pool
    self.UNDERLYING_ASSET_ADDRESS = asset

@view
@internal
def _at(amount: uint256, index: uint256) -> uint256:
    return (amount * index + RAY // 2) // RAY

@view
@external
def symbol() -> String[5]:
    return "aUSDX"

@view
@external
def balanceOf(owner: address) -> uint256:
    return self._at(self.scaled[owner], staticcall Pool(self.POOL).index())

@internal
def _touch(owner: address, index: uint256) -> uint256:
    """The interest since the last time."""
    held: uint256 = self.scaled[owner]
    earned: uint256 = self._at(held, index) - self._at(held, self.last[owner])
    self.last[owner] = index
    return earned

@external
def mint(caller: address, owner: address, amount: uint256):
    index: uint256 = staticcall Pool(self.POOL).index()
    earned: uint256 = self._touch(owner, index)
    self.scaled[owner] += (amount * RAY + index // 2) // index
    log Transfer(sender=empty(address), receiver=owner, amount=amount + earned)
    log Mint(caller=caller, onBehalfOf=owner, value=amount + earned, balanceIncrease=earned, index=index)

@external
def burn(owner: address, target: address, amount: uint256):
    index: uint256 = staticcall Pool(self.POOL).index()
    earned: uint256 = self._touch(owner, index)
    gone: uint256 = (amount * RAY + index // 2) // index
    self.scaled[owner] -= min(gone, self.scaled[owner])
    if earned > amount:
        log Transfer(sender=empty(address), receiver=owner, amount=earned - amount)
        log Mint(caller=owner, onBehalfOf=owner, value=earned - amount, balanceIncrease=earned, index=index)
    else:
        log Transfer(sender=owner, receiver=empty(address), amount=amount - earned)
        log Burn(owner=owner, target=target, value=amount - earned, balanceIncrease=earned, index=index)

@external
def transfer(receiver: address, amount: uint256) -> bool:
    index: uint256 = staticcall Pool(self.POOL).index()
    for one: address in [msg.sender, receiver]:
        earned: uint256 = self._touch(one, index)
        if earned > 0:
            log Transfer(sender=empty(address), receiver=one, amount=earned)
            log Mint(caller=msg.sender, onBehalfOf=one, value=earned, balanceIncrease=earned, index=index)
    moved: uint256 = (amount * RAY + index // 2) // index
    self.scaled[msg.sender] -= moved
    self.scaled[receiver] += moved
    log Transfer(sender=msg.sender, receiver=receiver, amount=amount)
    log BalanceTransfer(sender=msg.sender, receiver=receiver, amount=moved, index=index)
    return True

@external
def pay(receiver: address, amount: uint256):
    extcall ERC20(self.UNDERLYING_ASSET_ADDRESS).transfer(receiver, amount)
