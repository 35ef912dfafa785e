"""What may be answered to a question, and what an event is by an answer.

Answers of one kind of review item are offered where they fit its event: to ignore what added coins
or took some would break the lots, and of several coins nobody can tell which basis is whose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from config.assets import names
from syncer.events import Event

# kind of review item: its answers
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "unmatched_withdrawal": ("transfer", "spend", "gift", "lost"),
    "unmatched_deposit": ("transfer", "bought", "income", "gift"),
    "likely_transfer": ("right", "apart"),
    "unknown_event": (
        *("exchange", "carry", "income", "deposit", "spend", "withdrawal", "fee", "ignore"),
    ),
    "no_price": ("value",),
    "oversold": ("zero_basis_short", "zero_basis_long"),
    "spam": ("spam", "not_spam"),
    "unknown_asset": ("seen", "is"),
    "new_account": ("known",),
    "duplicate": ("same", "two"),
    "balance_gap": (),
    "allocation_needed": (),
    "form_line": ("pair", "apart", "broker_error"),  # of `syncer reconcile`
}
NEEDS_OTHER = {
    ("unmatched_withdrawal", "transfer"): "the event of the other half",
    ("unmatched_deposit", "transfer"): "the event of the other half",
    ("unknown_asset", "is"): "the name of a listed asset",
    ("form_line", "pair"): "the disposals that it is",
}
NEEDS_USD = {("unmatched_deposit", "bought"), ("unmatched_deposit", "gift"), ("no_price", "value")}
ASKED: Mapping[str, str] = {  # kind of review item: the kind of event that it asks about
    "unmatched_withdrawal": "withdrawal",
    "unmatched_deposit": "deposit",
    "unknown_event": "unknown",
    "spam": "spam",
    "duplicate": "duplicate",
}


def answers_to(kind: str, event: Event) -> tuple[str, ...]:
    """The answers to an item that fit its event."""
    if kind != "unknown_event":
        return ANSWERS[kind]
    return tuple(a for a in ANSWERS[kind] if _FITTING[a](event))


def kind_by(kind: str, answer: str, event: Event) -> str | None:
    """What an event is by an answer to an item of this kind; None if the answer is for something
    else, or for what the event is no longer."""
    if event.kind != ASKED.get(kind) or answer not in answers_to(kind, event):
        return None
    if answer in ("exchange", "carry"):
        return _exchanged(event) if answer == "exchange" else _carried(event)
    return _KINDS.get((kind, answer))


_KINDS = {
    ("unmatched_withdrawal", "spend"): "spend",
    ("unmatched_withdrawal", "gift"): "gift_out",
    ("unmatched_withdrawal", "lost"): "lost",
    ("unmatched_deposit", "bought"): "opening",
    ("unmatched_deposit", "income"): "income:other",
    ("unmatched_deposit", "gift"): "gift_in",
    ("unknown_event", "ignore"): "internal",
    ("unknown_event", "income"): "income:other",
    ("unknown_event", "deposit"): "deposit",
    ("unknown_event", "spend"): "spend",
    ("unknown_event", "withdrawal"): "withdrawal",
    ("unknown_event", "fee"): "fee",
    ("spam", "not_spam"): "deposit",
}


def _exchanged(event: Event) -> str:
    if all(names().is_fiat(g.asset) for g in event.leaving()):
        return "buy"
    return "sell" if all(names().is_fiat(g.asset) for g in event.coming()) else "trade"


def _carried(event: Event) -> str:
    sent, arrived = event.leaving()[0], event.coming()[0]
    less = arrived.quantity <= -sent.quantity
    return "transfer" if sent.asset == arrived.asset and less else "wrap"


def _is_money(event: Event) -> bool:
    return all(names().is_fiat(g.asset) for g in event.legs)


def _came(event: Event) -> bool:
    return bool(event.coming()) and not event.leaving() and not _is_money(event)


def _went(event: Event) -> bool:
    return bool(event.leaving()) and not event.coming() and not _is_money(event)


def _changed(event: Event) -> bool:
    return bool(event.leaving() and event.coming()) and not _is_money(event)


def _one_for_one(event: Event) -> bool:
    """One coin for one, of which the basis goes along."""
    moved = (*event.leaving(), *event.coming())
    coins = not any(names().is_fiat(g.asset) for g in moved)
    return coins and len(event.leaving()) == len(event.coming()) == 1


_FITTING: Mapping[str, Callable[[Event], bool]] = {
    "exchange": _changed,
    "carry": _one_for_one,
    "income": _came,
    "deposit": _came,
    "spend": _went,
    "withdrawal": _went,
    "fee": lambda event: not (event.coming() or event.leaving() or _is_money(event)),
    "ignore": _is_money,
}
