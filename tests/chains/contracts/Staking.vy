# pragma version ~=0.4.3
# Stands in for liquid staking: Lido's submit, which loses a unit to rounding, Rocket Pool's burn, and
# the burn by which Polygon's tokens leave for Ethereum.
event Submitted:
    sender: indexed(address)
    amount: uint256
    referral: address

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

event TokensBurned:
    owner: indexed(address)
    amount: uint256
    ethAmount: uint256
    time: uint256

rounding: uint256
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

@view
@external
def decimals() -> uint8:
    return 18

@view
@external
def symbol() -> String[5]:
    return "stXXX"

@external
@payable
def __default__():
    pass

@external
def rounds_by(units: uint256):
    self.rounding = units

@external
@payable
def submit(referral: address):
    made: uint256 = msg.value - self.rounding
    self.balanceOf[msg.sender] += made
    log Submitted(sender=msg.sender, amount=msg.value, referral=referral)
    log Transfer(sender=empty(address), receiver=msg.sender, amount=made)

@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True

@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    self.allowance[sender][msg.sender] -= amount
    self.balanceOf[sender] -= amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=sender, receiver=receiver, amount=amount)
    return True

@internal
def _burn(amount: uint256):
    self.balanceOf[msg.sender] -= amount
    log Transfer(sender=msg.sender, receiver=empty(address), amount=amount)

@external
def burn(amount: uint256):
    self._burn(amount)
    raw_call(msg.sender, b"", value=amount + amount // 10)
    log TokensBurned(owner=msg.sender, amount=amount, ethAmount=amount + amount // 10, time=block.timestamp)

@external
def withdraw(amount: uint256):
    self._burn(amount)
