# pragma version ~=0.4.3
# A small constant-product pair for the sandbox: no fee, whoever funds it first sets the price.

interface Token:
    def transfer(receiver: address, amount: uint256) -> bool: nonpayable
    def transferFrom(sender: address, receiver: address, amount: uint256) -> bool: nonpayable
    def balanceOf(owner: address) -> uint256: view

event Swap:
    trader: indexed(address)
    sold: indexed(address)
    amount_in: uint256
    amount_out: uint256

token0: public(immutable(address))
token1: public(immutable(address))

@deploy
def __init__(first: address, second: address):
    token0 = first
    token1 = second

@external
def swap(sold: address, amount_in: uint256, least_out: uint256) -> uint256:
    assert sold == token0 or sold == token1, "unknown token"
    bought: address = token1 if sold == token0 else token0
    reserve_in: uint256 = staticcall Token(sold).balanceOf(self)
    reserve_out: uint256 = staticcall Token(bought).balanceOf(self)
    amount_out: uint256 = reserve_out * amount_in // (reserve_in + amount_in)
    assert amount_out >= least_out, "price moved"
    extcall Token(sold).transferFrom(msg.sender, self, amount_in)
    extcall Token(bought).transfer(msg.sender, amount_out)
    log Swap(trader=msg.sender, sold=sold, amount_in=amount_in, amount_out=amount_out)
    return amount_out
