# pragma version ~=0.4.3
# A token that keeps a fee of what is transferred, and whose balances grow when its index does:
# neither says so in an event.
event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

decimals: public(uint8)
fee_percent: uint256
index: uint256
shares: HashMap[address, uint256]

@deploy
def __init__(fee_percent: uint256):
    self.decimals = 6
    self.fee_percent = fee_percent
    self.index = 1000
    self.shares[msg.sender] = 10 ** 12

@view
@external
def symbol() -> String[4]:
    return "ODD"

@view
@external
def balanceOf(owner: address) -> uint256:
    return self.shares[owner] * self.index // 1000

@external
def grow(thousandths: uint256):
    self.index += thousandths

@external
def transfer(receiver: address, amount: uint256) -> bool:
    taken: uint256 = amount * 1000 // self.index
    self.shares[msg.sender] -= taken
    self.shares[receiver] += taken * (100 - self.fee_percent) // 100
    log Transfer(sender=msg.sender, receiver=receiver, amount=amount)
    return True
