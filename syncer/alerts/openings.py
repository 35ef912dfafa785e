"""When an opening is worth a message: it fires once and clears with a margin. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from config.exact import ZERO, cents, text
from syncer.harvest.opportunity import Opportunity

RULE = "harvest"


@dataclass(frozen=True, slots=True)
class AlertRules:
    """`[alerts]` and the thresholds of `[harvest]`."""

    min_loss: Decimal
    min_loss_percent: Decimal
    cooldown: timedelta
    confirm_readings: int
    clear_ratio: Decimal


@dataclass(frozen=True, slots=True)
class AlertState:
    """One opening over time. `fired` counts messages; with the key it makes each one's id."""

    key: str
    state: str
    since: datetime
    readings: int = 0
    last_fired_at: datetime | None = None
    fired: int = 0
    loss: Decimal = ZERO

    @property
    def alert_id(self) -> str:
        return f"{self.key}#{self.fired}"


def alert_key(account: str, asset: str, year: int) -> str:
    return f"{RULE}:{account}:{asset}:{year}"


def step(
    before: AlertState | None,
    key: str,
    loss: Decimal,
    percent: Decimal,
    rules: AlertRules,
    now: datetime,
) -> tuple[AlertState, bool]:
    """The state after one reading, and whether a message is due.

    Fires at the threshold after `confirm_readings` readings, then not again within the cooldown;
    clears only below `clear_ratio` of the threshold.
    """
    state = before or AlertState(key, "clear", now)
    state = replace(state, loss=loss)
    if loss > ZERO and loss >= rules.min_loss and percent >= rules.min_loss_percent:
        readings = state.readings + 1
        rested = state.last_fired_at is None or now - state.last_fired_at >= rules.cooldown
        if readings >= rules.confirm_readings and rested:
            since = now if state.state != "firing" else state.since
            return (
                replace(
                    state,
                    state="firing",
                    since=since,
                    readings=readings,
                    last_fired_at=now,
                    fired=state.fired + 1,
                ),
                True,
            )
        name = "firing" if state.state == "firing" else "pending"
        return replace(state, state=name, readings=readings), False
    if loss < rules.min_loss * rules.clear_ratio and state.state != "clear":
        return replace(state, state="clear", since=now, readings=0), False
    return replace(state, readings=0), False


def message(one: Opportunity, detail: str) -> tuple[str, str]:
    """Title and body; amounts only as far as `[alerts] detail` allows. Never advice to sell."""
    title = f"Syncer: an opening to harvest a loss in {one.asset}"
    if detail == "none":
        return title, "See the details with: syncer harvest"
    percent = one.loss_percent.quantize(Decimal("0.1"))
    lines = [f"{one.asset} at {one.account} is {percent}% below its basis."]
    if detail == "full":
        lines += [
            f"Selling {text(one.quantity)} would realise a loss of ${cents(one.loss)} "
            f"(short ${one.loss_short}, long ${one.loss_long}).",
            f"Estimated tax saved this year: ${one.tax_saved}; cost ${one.cost}."
            if one.tax_saved is not None
            else "The tax saved is not known: see [taxpayer] ordinary_income.",
        ]
    if one.wash_sale_buys:
        lines.append(f"Bought in the last 30 days: {len(one.wash_sale_buys)} lots (a note only).")
    if one.market:
        lines.append(f"Price of {one.market.at:%Y-%m-%d %H:%M} UTC.")
    lines.append("An opening exists; this is not tax advice. Details: syncer harvest")
    return title, "\n".join(lines)
