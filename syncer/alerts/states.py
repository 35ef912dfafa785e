"""When something is worth a message: it fires once it is confirmed, clears with a margin, and is
told again only after a rest, or when it has grown by half. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from config.exact import ZERO

GROWN = Decimal("1.5")  # of what was told last
What = Literal["opened", "again", "grew", "closed"]


@dataclass(frozen=True, slots=True)
class Patience:
    """`[alerts]`: how often or how long a thing must be so, and how long it rests once told."""

    readings: int = 2
    length: timedelta = timedelta(minutes=15)
    cooldown: timedelta = timedelta(hours=24)


AT_ONCE = Patience(1, timedelta(0))
ONCE = Patience(1, timedelta(0), timedelta.max)  # told once, however long it lasts


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one thing: whether it is over its threshold, or so far below that it is over and
    done, and its size in dollars."""

    key: str
    over: bool
    below: bool
    size: Decimal = ZERO

    @classmethod
    def of(cls, key: str, is_so: bool, size: Decimal = ZERO) -> Reading:
        """Of a thing that is so or is not."""
        return cls(key, is_so, not is_so, size)


@dataclass(frozen=True, slots=True)
class AlertState:
    """One thing over time: its key is rule, account, asset and tax year. `fired` counts messages;
    with the key it makes each one's id. `over_since` is when it was first over its threshold,
    without a break; `told` its size at the last message."""

    key: str
    state: str
    since: datetime
    readings: int = 0
    last_fired_at: datetime | None = None
    fired: int = 0
    loss: Decimal = ZERO
    over_since: datetime | None = None
    told: Decimal = ZERO
    snoozed_until: datetime | None = None

    @property
    def alert_id(self) -> str:
        return f"{self.key}#{self.fired}"


def step(
    before: AlertState | None, reading: Reading, patience: Patience, now: datetime
) -> tuple[AlertState, What | None]:
    """The state after one reading, and what a message is due for."""
    state = before or AlertState(reading.key, "clear", now)
    state = replace(state, loss=reading.size)
    if reading.over:
        return _over(state, patience, now)
    state = replace(state, readings=0, over_since=None)
    if state.state == "firing" and reading.below:
        return replace(state, state="clear", since=now), None if _is_snoozed(
            state, now
        ) else "closed"
    if state.state == "pending":
        state = replace(state, state="clear", since=now)
    return state, None


def _over(state: AlertState, patience: Patience, now: datetime) -> tuple[AlertState, What | None]:
    over_since = state.over_since or now
    state = replace(state, readings=state.readings + 1, over_since=over_since)
    confirmed = state.readings >= patience.readings or (
        patience.readings > 1 and now - over_since >= patience.length > timedelta(0)
    )
    if _is_snoozed(state, now):
        return state, None
    if state.state != "firing":
        if not confirmed:
            return replace(state, state="pending"), None
        state = replace(state, state="firing", since=now)
        if _has_rested(state, patience, now):
            return _told(state, now, "opened")
    if confirmed and _has_grown(state, patience):
        return _told(state, now, "grew")
    return _told(state, now, "again") if _has_rested(state, patience, now) else (state, None)


def _has_grown(state: AlertState, patience: Patience) -> bool:
    """By half since it was told, even if it was gone in between; not what is told but once."""
    grows = patience.cooldown != timedelta.max and state.told > ZERO
    return grows and state.loss >= state.told * GROWN


def _is_snoozed(state: AlertState, now: datetime) -> bool:
    return state.snoozed_until is not None and now < state.snoozed_until


def _has_rested(state: AlertState, patience: Patience, now: datetime) -> bool:
    """Also where a clock that was ahead told it in what is the future now."""
    return state.last_fired_at is None or abs(now - state.last_fired_at) >= patience.cooldown


def _told(state: AlertState, now: datetime, what: What) -> tuple[AlertState, What]:
    return replace(state, last_fired_at=now, fired=state.fired + 1, told=state.loss), what


@dataclass(frozen=True, slots=True)
class Message:
    """What to put in the outbox; an urgent one waits for nothing."""

    alert_id: str
    title: str
    body: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """A reading with what to say if a message is due, by what it is due for; what has no words is
    not said. `known` is false where nothing could be seen this time: the state stays."""

    reading: Reading
    words: Mapping[str, tuple[str, str]]
    patience: Patience
    urgent: bool = False
    known: bool = True


def stepped(
    states: Mapping[str, AlertState],
    watched: Sequence[Watched],
    rules: Sequence[str],
    now: datetime,
) -> Iterator[tuple[AlertState, Message | None]]:
    """Every state that changes, and its message. What a rule no longer sees is over and done: it
    clears without a word."""
    seen = {w.reading.key for w in watched}
    for one in watched:
        if not one.known:
            continue
        state, what = step(states.get(one.reading.key), one.reading, one.patience, now)
        words = one.words.get(what or "")
        yield state, _message(state, what, words, one.urgent) if words and what else None
    for key, state in sorted(states.items()):
        rule = key.partition(":")[0]
        if rule in rules and key not in seen and state.state != "clear":
            gone = replace(state, state="clear", since=now, readings=0, over_since=None)
            yield gone, None


def _message(state: AlertState, what: What, words: tuple[str, str], urgent: bool) -> Message:
    """What is told again says since when it is so."""
    title, body = words
    if what in ("again", "grew"):
        body += f"\nIt is so since {state.since:%Y-%m-%d %H:%M} UTC."
    key = f"{state.alert_id}:closed" if what == "closed" else state.alert_id
    return Message(key, title, body, urgent)
