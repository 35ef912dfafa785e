# pragma version ~=0.4.3
# Unwraps coins and pays them out at once: its balance is the same before and after.
interface Wrapper:
    def withdraw(amount: uint256): nonpayable

wrapper: immutable(address)
friend: immutable(address)

@deploy
def __init__(wrapped: address, receiver: address):
    wrapper = wrapped
    friend = receiver

@external
@payable
def __default__():
    pass

@external
def pass_on(amount: uint256):
    extcall Wrapper(wrapper).withdraw(amount)
    raw_call(friend, b"", value=amount)
