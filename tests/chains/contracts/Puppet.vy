# pragma version ~=0.4.3
# Stands where a contract of others would: keeps coins, pays them out, says what it is told to say,
# and calls whom it is told to call, in one transaction.
struct Step:
    to: address
    coins: uint256
    data: Bytes[512]
    topics: DynArray[bytes32, 4]

@external
@payable
def __default__():
    pass

@external
@payable
def act(steps: DynArray[Step, 8]):
    for step: Step in steps:
        if len(step.topics) == 1:
            raw_log([step.topics[0]], step.data)
        elif len(step.topics) == 2:
            raw_log([step.topics[0], step.topics[1]], step.data)
        elif len(step.topics) == 3:
            raw_log([step.topics[0], step.topics[1], step.topics[2]], step.data)
        elif len(step.topics) == 4:
            raw_log([step.topics[0], step.topics[1], step.topics[2], step.topics[3]], step.data)
        else:
            raw_call(step.to, step.data, value=step.coins)
