# pragma version ~=0.4.3
# Refuses everything, in the words of a node.
@external
@payable
def __default__():
    raise "rate limit exceeded, archive node needed"
