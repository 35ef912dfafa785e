"""What needs a decision, by dollars at stake. Nothing waits in silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from config.exact import ZERO
from syncer.events import DUPLICATE, NO_PRICE, UNPROVED, Event, Leg
from syncer.ledger.answers import ANSWERS, answers_to
from syncer.ledger.decisions import Decision, lacks_basis
from syncer.ledger.values import must_have_value
from syncer.lots.model import OVERSOLD, Disposal

_NOTED = frozenset({"spam", "unknown_asset", "new_account"})
_OPEN = {
    "withdrawal": "unmatched_withdrawal",
    "deposit": "unmatched_deposit",
    "unknown": "unknown_event",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the queue; `usd` is what is at stake, None where it has no price."""

    id: str
    kind: str
    event_ids: tuple[str, ...]
    account: str
    asset: str
    quantity: Decimal | None
    usd: Decimal | None
    at: datetime | None
    answers: tuple[str, ...]
    detail: str = ""


def queue(
    events: Iterable[Event],
    disposals: Iterable[Disposal],
    decisions: Iterable[Decision],
    gaps: Iterable[Item] = (),
) -> list[Item]:
    """Open items, the largest stake first; `gaps` are items that other rooms found.

    Most answers change the event so that it is no longer open; one that did not help leaves its
    item here. Only what is merely to be noted is settled by the answer alone.
    """
    settled = {d.subject for d in decisions if d.kind in _NOTED}
    items = [i for e in events for i in _of_event(e)]
    items += _oversold(disposals)
    items += gaps
    # an asset is asked about once, however many events it has
    unsettled = {i.id: i for i in reversed(items) if i.id not in settled}
    return sorted(unsettled.values(), key=lambda i: (-(i.usd or ZERO), i.kind, i.id))


def likely(events: Iterable[Event]) -> list[Item]:
    """What applies because nothing else fits as well, the newest first: nothing proves it, and a
    person may take it back. Transfers that were joined, and rows that another source tells."""
    found = [e for e in events if e.confidence == "likely" and e.rule in UNPROVED]
    newest = sorted(found, key=lambda e: (e.at, e.event_id), reverse=True)
    return [_alike(e) if e.kind == DUPLICATE else _likely(e) for e in newest]


def _likely(event: Event) -> Item:
    item = _item("likely_transfer", event, event.leaving()[0])
    id_ = f"likely_transfer:{':'.join(event.parts)}"
    return replace(item, id=id_, event_ids=event.halves)


def _of_event(event: Event) -> list[Item]:
    if not event.legs:
        return []
    found = []
    first = event.legs[0]
    if event.kind == DUPLICATE:
        return [_alike(event)] if event.confidence == "unsure" else []
    if event.kind in _OPEN:
        found.append(_item(_OPEN[event.kind], event, first))
    if event.kind == "spam":
        found.append(_item("spam", event, first))
    if lacks_basis(event):
        found.append(_item("no_price", event, first))
    elif NO_PRICE in event.gaps:
        unpriced = [g for g in event.legs if g.usd is None and must_have_value(g, event)]
        found += [_item("no_price", event, g) for g in unpriced]
    found += _moved_unknown(event)
    if event.kind != "spam":
        found += [_item("unknown_asset", event, g) for g in event.legs if _unknown_word(g)]
    return found


def _alike(event: Event) -> Item:
    """A row held out as told twice; at stake is the money in it, where it has some."""
    money = next((abs(g.quantity) for g in event.legs if g.asset == "USD"), None)
    coin = next((g for g in event.legs if g.asset != "USD"), event.legs[0])
    item = _item("duplicate", event, coin)
    return replace(item, id=f"{item.id}:{event.parts[0]}", usd=money)


def _unknown_word(leg: Leg) -> bool:
    """An asset known only by the word that a venue or a file uses for it."""
    return ":" in leg.asset and ":0x" not in leg.asset and leg.role == "principal"


def _item(kind: str, event: Event, leg: Leg) -> Item:
    subject = event.event_id
    if kind in ("unknown_asset", "no_price"):
        subject = f"{leg.account if kind == 'unknown_asset' else subject}:{leg.asset}"
    return Item(
        id=f"{kind}:{subject}",
        kind=kind,
        event_ids=(event.event_id,),
        account=leg.account,
        asset=leg.asset,
        quantity=abs(leg.quantity),
        usd=leg.usd,
        at=event.at,
        answers=answers_to(kind, event),
        detail=event.evidence,
    )


def _oversold(disposals: Iterable[Disposal]) -> list[Item]:
    return [
        Item(
            id=f"oversold:{d.event_id}:{d.asset}",
            kind="oversold",
            event_ids=(d.event_id,),
            account=d.account,
            asset=d.asset,
            quantity=d.quantity,
            usd=d.proceeds_usd,
            at=d.disposed_at,
            answers=ANSWERS["oversold"],
            detail="more was disposed of than the ledger knows to have been acquired",
        )
        for d in disposals
        if OVERSOLD in d.gaps
    ]


def _moved_unknown(event: Event) -> list[Item]:
    """A transfer or wrap of more than is known: what arrived has no lot, so later sales of the
    place may take the wrong one. No answer settles it; the missing history does."""
    if OVERSOLD not in event.gaps or event.kind not in ("transfer", "wrap", "withdrawal"):
        return []
    item = _item("oversold", event, event.leaving()[0])
    detail = "more was moved than the ledger knows to have been acquired; import its history"
    return [replace(item, id=f"{item.id}:{item.asset}", answers=(), detail=detail)]


def undecided(items: Iterable[Item]) -> Decimal:
    """Dollars that wait for a decision; spam and unpriced items count nothing."""
    return sum((i.usd for i in items if i.usd is not None and i.kind != "spam"), ZERO)
