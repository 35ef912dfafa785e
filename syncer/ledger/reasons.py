"""The sentence for a person behind the name of each rule, of whichever room."""

from __future__ import annotations

from syncer.ledger.rules import RULES

_OTHERS = {
    "joined_by_hand": "A person joined the two halves.",
    "same_transaction_hash": "Both halves are of one transaction.",
    "same_address_and_amount": "It was sent to an address of the account where it came.",
    "same_amount_and_time": "The same coin came elsewhere in the usual time, and nothing else fits "
    "nearly as well.",
    "across_a_bridge": "It left one network and came on another; by [treatment] bridge no "
    "disposition.",
    "own_address_unseen": "The other end is an own address that Syncer does not read.",
    "decided_by_a_person": "A person said what it was.",
    "same_event_by_id": "Another source tells it by the venue's own id.",
    "same_event_by_hash": "Another source tells it by the transaction's hash.",
    "same_event_by_flows": "Another source tells the same change of every balance at that time.",
    "same_order_by_fills": "Another source tells the fills that add up to it.",
    "same_event_by_word": "A person said that another source tells it.",
    "perhaps_the_same_event": "Another source tells something that looks alike; it is held out of "
    "the books until a person says whether it is the same.",
}


def reason(rule: str) -> str:
    """Why a rule names an event as it does."""
    found = next((r for r in RULES if r.__name__ == rule), None)
    if found is None:
        return _OTHERS.get(rule, rule.replace("_", " "))
    return " ".join((found.__doc__ or "").split())
