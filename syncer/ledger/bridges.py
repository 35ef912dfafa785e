"""What a coin that crossed a bridge is: the law leaves it open, `[treatment] bridge` decides."""

from __future__ import annotations

from dataclasses import replace

from syncer.events import Event
from syncer.ledger.halves import ACROSS
from syncer.ledger.rules import Treatments

SETTING = "[treatment] bridge"


def across(event: Event, how: Treatments) -> Event:
    """A transfer; a change of form where the coin came out as its wrapper; or an exchange."""
    if event.rule != ACROSS:
        return event
    kinds = {"exchange": "trade", "review": "unknown"}
    same = event.leaving()[0].asset == event.coming()[0].asset
    kind = kinds.get(how.bridge) or ("transfer" if same else "wrap")
    # what the bridge kept is paid from the coins that went in
    return replace(event, kind=kind, fees_beside=True, rests_on=(f"{SETTING} = {how.bridge}",))
