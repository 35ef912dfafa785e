# pragma version ~=0.4.3
# Stands in for Aave V3's pool: events, log order and amounts as its source has them (v3.0 to v3.4).
interface ERC20:
    def transferFrom(sender: address, receiver: address, amount: uint256) -> bool: nonpayable

interface Part:
    def mint(caller: address, owner: address, amount: uint256): nonpayable
    def burn(owner: address, target: address, amount: uint256): nonpayable
    def pay(receiver: address, amount: uint256): nonpayable

event Supply:
    reserve: indexed(address)
    user: address
    onBehalfOf: indexed(address)
    amount: uint256
    referralCode: indexed(uint16)

event Withdraw:
    reserve: indexed(address)
    user: indexed(address)
    to: indexed(address)
    amount: uint256

event Borrow:
    reserve: indexed(address)
    user: address
    onBehalfOf: indexed(address)
    amount: uint256
    interestRateMode: uint8
    borrowRate: uint256
    referralCode: indexed(uint16)

event Repay:
    reserve: indexed(address)
    user: indexed(address)
    repayer: indexed(address)
    amount: uint256
    useATokens: bool

index: public(uint256)
share: HashMap[address, address]
debt: HashMap[address, address]

@external
def list_asset(asset: address, share: address, debt: address):
    self.index = 10 ** 27
    self.share[asset] = share
    self.debt[asset] = debt

@external
def grow(millionths: uint256):
    self.index += self.index * millionths // 10 ** 6

@view
@external
def getReserveData(asset: address) -> uint256[15]:
    words: uint256[15] = empty(uint256[15])
    words[8] = convert(self.share[asset], uint256)
    words[10] = convert(self.debt[asset], uint256)
    return words

@external
def supply(asset: address, amount: uint256, owner: address, referral: uint16):
    extcall ERC20(asset).transferFrom(msg.sender, self.share[asset], amount)
    extcall Part(self.share[asset]).mint(msg.sender, owner, amount)
    log Supply(reserve=asset, user=msg.sender, onBehalfOf=owner, amount=amount, referralCode=referral)

@external
def withdraw(asset: address, amount: uint256, to: address):
    extcall Part(self.share[asset]).burn(msg.sender, to, amount)
    extcall Part(self.share[asset]).pay(to, amount)
    log Withdraw(reserve=asset, user=msg.sender, to=to, amount=amount)

@external
def borrow(asset: address, amount: uint256, mode: uint256, referral: uint16, owner: address):
    extcall Part(self.debt[asset]).mint(msg.sender, owner, amount)
    extcall Part(self.share[asset]).pay(msg.sender, amount)
    log Borrow(reserve=asset, user=msg.sender, onBehalfOf=owner, amount=amount, interestRateMode=2, borrowRate=0, referralCode=referral)

@external
def repay(asset: address, amount: uint256, mode: uint256, owner: address):
    extcall Part(self.debt[asset]).burn(owner, empty(address), amount)
    extcall ERC20(asset).transferFrom(msg.sender, self.share[asset], amount)
    log Repay(reserve=asset, user=owner, repayer=msg.sender, amount=amount, useATokens=False)
