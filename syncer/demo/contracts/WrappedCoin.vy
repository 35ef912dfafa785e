# pragma version ~=0.4.3
# A wrapped coin for the sandbox: wrapping and unwrapping emit Deposit and Withdrawal, no Transfer.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    amount: uint256

event Deposit:
    receiver: indexed(address)
    amount: uint256

event Withdrawal:
    sender: indexed(address)
    amount: uint256

name: public(constant(String[32])) = "Sandbox Wrapped Ether"
symbol: public(constant(String[16])) = "WETH"
decimals: public(constant(uint8)) = 18
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

@internal
def _move(sender: address, receiver: address, amount: uint256):
    self.balanceOf[sender] -= amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=sender, receiver=receiver, amount=amount)

@external
@payable
def deposit():
    self.balanceOf[msg.sender] += msg.value
    log Deposit(receiver=msg.sender, amount=msg.value)

@external
def withdraw(amount: uint256):
    self.balanceOf[msg.sender] -= amount
    log Withdrawal(sender=msg.sender, amount=amount)
    send(msg.sender, amount)

@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._move(msg.sender, receiver, amount)
    return True

@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, amount=amount)
    return True

@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    self.allowance[sender][msg.sender] -= amount
    self._move(sender, receiver, amount)
    return True
