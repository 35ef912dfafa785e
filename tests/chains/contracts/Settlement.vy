# pragma version ~=0.4.3
# Stands in for CoW's settlement: takes an order's coins from their keeper, pays what was bought.
struct Order:
    sellToken: address
    buyToken: address
    receiver: address
    sellAmount: uint256
    buyAmount: uint256
    validTo: uint32
    appData: bytes32
    feeAmount: uint256
    kind: bytes32
    partiallyFillable: bool
    sellTokenBalance: bytes32
    buyTokenBalance: bytes32

interface Keeper:
    def give(order: Order): nonpayable

interface ERC20:
    def transfer(receiver: address, amount: uint256) -> bool: nonpayable

event Trade:
    owner: indexed(address)
    sellToken: address
    buyToken: address
    sellAmount: uint256
    buyAmount: uint256
    feeAmount: uint256
    orderUid: Bytes[56]

filledAmount: public(HashMap[Bytes[56], uint256])

@external
@payable
def __default__():
    pass

@external
def settle(keeper: address, order: Order, uid: Bytes[56]):
    extcall Keeper(keeper).give(order)
    log Trade(owner=keeper, sellToken=order.sellToken, buyToken=order.buyToken, sellAmount=order.sellAmount, buyAmount=order.buyAmount, feeAmount=0, orderUid=uid)
    self.filledAmount[uid] = order.sellAmount
    extcall ERC20(order.buyToken).transfer(order.receiver, order.buyAmount)
