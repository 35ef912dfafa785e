# pragma version ~=0.4.3
# Stands in for Lido's withdrawal queue: an NFT for what was asked back, coins for the NFT.
interface ERC20:
    def transferFrom(sender: address, receiver: address, amount: uint256) -> bool: nonpayable

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    token_id: indexed(uint256)

event WithdrawalRequested:
    requestId: indexed(uint256)
    requestor: indexed(address)
    owner: indexed(address)
    amountOfStETH: uint256
    amountOfShares: uint256

event WithdrawalClaimed:
    requestId: indexed(uint256)
    owner: indexed(address)
    receiver: indexed(address)
    amountOfETH: uint256

last: uint256
asked: HashMap[uint256, uint256]
ownerOf: public(HashMap[uint256, address])

@external
@payable
def __default__():
    pass

@external
def request(token: address, amount: uint256):
    extcall ERC20(token).transferFrom(msg.sender, self, amount)
    self.last += 1
    self.asked[self.last] = amount
    self.ownerOf[self.last] = msg.sender
    log WithdrawalRequested(requestId=self.last, requestor=msg.sender, owner=msg.sender, amountOfStETH=amount, amountOfShares=amount)
    log Transfer(sender=empty(address), receiver=msg.sender, token_id=self.last)

@external
def claim(token_id: uint256):
    amount: uint256 = self.asked[token_id]
    self.ownerOf[token_id] = empty(address)
    raw_call(msg.sender, b"", value=amount)
    log WithdrawalClaimed(requestId=token_id, owner=msg.sender, receiver=msg.sender, amountOfETH=amount)
    log Transfer(sender=msg.sender, receiver=empty(address), token_id=token_id)
