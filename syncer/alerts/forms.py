"""When a gap between a broker's form and the ledger is worth a message: when it is new. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from config.exact import ZERO, cents
from syncer.alerts.states import AlertState, Message
from syncer.reconcile.model import Gap

RULE, EXPECTED = "form_gap", "expected_form"
MOST_TOLD = 5  # of one form in a message


def gap_key(gap: Gap) -> str:
    return f"{RULE}:{gap.line or '/'.join((gap.broker or '', gap.asset))}:{gap.kind}"


def moved(
    states: Mapping[str, AlertState], gaps: Iterable[Gap], now: datetime
) -> tuple[list[AlertState], list[Gap]]:
    """The states that change, and the gaps that are new; one that went away and comes back is new
    again. Only what a person must look at counts."""
    open_ = {gap_key(g): g for g in gaps if g.severity != "info"}
    changed, new = [], []
    for key, gap in sorted(open_.items()):
        before = states.get(key) or AlertState(key, "clear", now)
        if before.state != "firing":
            state = replace(before, state="firing", since=now, last_fired_at=now)
            changed.append(replace(state, fired=before.fired + 1, loss=abs(gap.usd or ZERO)))
            new.append(gap)
    for key, state in sorted(states.items()):
        if key.startswith(f"{RULE}:") and key not in open_ and state.state == "firing":
            changed.append(replace(state, state="clear", since=now))
    return changed, new


def message(year: int, gaps: list[Gap], alert_id: str, detail: str) -> Message:
    """One for all new gaps of a year; dollars only where `[alerts] detail` is full."""
    title = f"Syncer: {len(gaps)} new differences with Forms 1099-DA of {year}"
    see = f"Details: syncer reconcile --year {year}"
    if detail == "none":
        return Message(alert_id, title, see)
    lines = [_line(g, detail) for g in gaps[:MOST_TOLD]]
    if len(gaps) > MOST_TOLD:
        lines.append(f"and {len(gaps) - MOST_TOLD} more")
    return Message(alert_id, title, "\n".join([*lines, see]))


def _line(gap: Gap, detail: str) -> str:
    about = f"{gap.broker or gap.account}: {gap.kind.replace('_', ' ')}, {gap.asset}"
    if detail != "full" or gap.usd is None:
        return about
    return f"{about}, ${cents(abs(gap.usd))}"


def of_the_month(year: int, month: str, gaps: Iterable[Gap], detail: str) -> Message | None:
    """What the forms of the running year will differ in; None if in nothing that matters."""
    told = [g for g in gaps if g.severity != "info"]
    if not told:
        return None
    whole = sum((abs(g.usd or Decimal(0)) for g in told), ZERO)
    dollars = f" by ${cents(whole)} in all" if detail == "full" else ""
    return Message(
        f"{EXPECTED}:{year}:{month}",
        f"Syncer: what the 1099-DA of {year} will say",
        f"By the brokers' own rules {len(told)} sales will differ from the ledger{dollars}. "
        f"Details: syncer reconcile --year {year} --expected",
    )
