# pragma version ~=0.4.3
# Stands in for CoW's EthFlow: keeps the coins of an order until a settlement takes them, or they are
# asked back. The name of an order is its digest by EIP-712.
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

struct OnchainSignature:
    scheme: uint8
    data: Bytes[64]

struct Kept:
    owner: address
    validTo: uint32

event OrderPlacement:
    sender: indexed(address)
    order: Order
    signature: OnchainSignature
    data: Bytes[64]

event OrderInvalidation:
    orderUid: Bytes[56]

SETTLEMENT: constant(address) = 0x9008D19f58AAbD9eD0D60971565AA8510560ab41
DOMAIN: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
ORDER: constant(bytes32) = 0xd5a25ba2e97094ad7d83dc28a6572da797d6b3e7fc6663bd93efb789fc17e489
orders: public(HashMap[bytes32, Kept])

@external
@payable
def __default__():
    pass

@view
@internal
def _digest(order: Order) -> bytes32:
    domain: bytes32 = keccak256(abi_encode(DOMAIN, keccak256("Gnosis Protocol"), keccak256("v2"), chain.id, SETTLEMENT))
    return keccak256(concat(x"1901", domain, keccak256(concat(ORDER, abi_encode(order)))))

@external
@payable
def createOrder(order: Order):
    assert msg.value == order.sellAmount + order.feeAmount
    self.orders[self._digest(order)] = Kept(owner=msg.sender, validTo=max_value(uint32))
    log OrderPlacement(sender=msg.sender, order=order, signature=OnchainSignature(scheme=0, data=b""), data=b"")

@external
def invalidateOrder(order: Order):
    digest: bytes32 = self._digest(order)
    assert self.orders[digest].owner == msg.sender
    self.orders[digest].owner = 0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF
    log OrderInvalidation(orderUid=concat(digest, convert(self, bytes20), x"ffffffff"))
    raw_call(msg.sender, b"", value=order.sellAmount + order.feeAmount)

@external
def give(order: Order):
    """To the settlement, which would wrap it."""
    assert msg.sender == SETTLEMENT
    raw_call(SETTLEMENT, b"", value=order.sellAmount)
