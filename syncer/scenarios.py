"""A plan's wishes as text and back: what is saved of a scenario."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from config.exact import ZERO, text
from syncer.harvest.plan import GOALS, Goal
from syncer.harvesting import AS_IT_IS, WhatIf


@dataclass(frozen=True, slots=True)
class Scenario:
    """A goal (none: gains to take), an amount, and what is otherwise."""

    goal: Goal | None
    amount: Decimal = ZERO
    if_: WhatIf = AS_IT_IS


def written(one: Scenario) -> str:
    if_ = one.if_
    body: dict[str, Any] = {
        "goal": one.goal,
        "amount": text(one.amount),
        "prices": {a: text(p) for a, p in sorted(if_.prices.items())},
        "more_short": text(if_.more_short),
        "more_long": text(if_.more_long),
        "share": text(if_.share),
        "filing_status": if_.filing_status,
        "rates_of": if_.rates_of,
        "wash_sales": if_.wash_sales.isoformat() if if_.wash_sales else None,
    }
    return json.dumps(body, sort_keys=True)


def read(body: str) -> Scenario:
    said = json.loads(body)
    goal = next((g for g in GOALS if g == said["goal"]), None)
    if_ = WhatIf(
        {a: Decimal(p) for a, p in said["prices"].items()},
        Decimal(said["more_short"]),
        Decimal(said["more_long"]),
        Decimal(said["share"]),
        said["filing_status"],
        said["rates_of"],
        date.fromisoformat(said["wash_sales"]) if said["wash_sales"] else None,
    )
    return Scenario(goal, Decimal(said["amount"]), if_)
