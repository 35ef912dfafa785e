"""Classification: an ordered list of small rules; the first that fits names the event.

Each rule takes a draft and returns (kind, confidence) or None; its function name is the rule's
name and its docstring the reason that a person is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.assets import names
from syncer.events import Confidence, Event, Leg, event_id
from syncer.ledger.group import Draft

ON_CHAIN = frozenset(
    {"sent", "received", "wrap", "unwrap", "failed", "approval", "bridge", "lending", "borrow"}
    | {
        "repay",
        "liquidity",
        "liquidity_fees",
        "liquid_staking",
        "fake",
        "lure",
        "share",
        "position",
    }
)
Named = tuple[str, Confidence] | None
Rule = Callable[[Draft, "Treatments"], Named]


@dataclass(frozen=True, slots=True)
class Treatments:
    """What the law leaves open, as the person decided it (`[treatment]`)."""

    wrap: str = "carry"
    lending: str = "carry"
    bridge: str = "carry"
    liquidity: str = "exchange"
    liquid_staking: str = "exchange"
    known: frozenset[str] = frozenset()  # tokens that the person's own list names


def stated_by_the_file(draft: Draft, how: Treatments) -> Named:
    """The person's own file names the kind."""
    if draft.claim is None or (_all_money(draft) and not draft.claim.kind.startswith("income:")):
        return None
    kind = draft.claim.kind
    return kind, "unsure" if kind in ("deposit", "withdrawal") else "sure"


def unknown_kind(draft: Draft, how: Treatments) -> Named:
    """The source uses a kind that is not known yet; it waits for a decision."""
    return ("unknown", "unsure") if any(k.startswith("unknown") for k in draft.kinds) else None


def pots_of_one_coin(draft: Draft, how: Treatments) -> Named:
    """A move between pots of the same coin inside one account is no event."""
    if not draft.kinds or not draft.kinds <= {"pot_move", "unseen_pot"}:
        return None
    return "internal", "sure" if draft.kinds == {"pot_move"} else "likely"


def failed_transaction(draft: Draft, how: Treatments) -> Named:
    """The transaction failed: no value moved, its gas is spent."""
    return ("fee", "sure") if draft.kinds == {"failed"} else None


def approval(draft: Draft, how: Treatments) -> Named:
    """An approval moves nothing; its gas is spent."""
    return ("fee", "sure") if draft.kinds == {"approval"} and not draft.coming() else None


def wrapped(draft: Draft, how: Treatments) -> Named:
    """A coin and its wrapper changed places one to one; by [treatment] wrap no disposition."""
    if not draft.claim and not draft.kinds & {"wrap", "unwrap"}:
        return None  # a market may trade them at one to one as well
    if not _is_one_to_one(draft):
        return None
    pair = (draft.leaving()[0].asset, draft.coming()[0].asset)
    if names().wrapped(pair[0]) != pair[1] and names().wrapped(pair[1]) != pair[0]:
        return None
    if how.wrap == "review":
        return "unknown", "unsure"
    return ("wrap", "sure") if how.wrap == "carry" else ("trade", "sure")


def loan(draft: Draft, how: Treatments) -> Named:
    """A loan was taken or paid back: what came in it is no income, and its basis is what it was
    worth; what went is a disposition at what it was worth."""
    if not draft.kinds & {"borrow", "repay"}:
        return None
    if draft.coming() and draft.leaving():
        return "unknown", "unsure"
    return one_half(draft, how)


def lent(draft: Draft, how: Treatments) -> Named:
    """A coin was lent for a share that is paid back one to one, or taken back; by [treatment]
    lending no disposition."""
    both = draft.coming() and draft.leaving()
    if "lending" not in draft.kinds or not both:
        return None
    if how.lending == "exchange":
        return "trade", "sure"
    carried = how.lending == "carry" and _is_one_to_one(draft)
    return ("wrap", "sure") if carried else ("unknown", "unsure")


def liquid_staked(draft: Draft, how: Treatments) -> Named:
    """A coin was staked for a token that stands for it, or taken back; by [treatment]
    liquid_staking an exchange."""
    return _treated(draft, "liquid_staking", how.liquid_staking)


def pooled(draft: Draft, how: Treatments) -> Named:
    """Coins were put into a pool for a share of it, or taken out; by [treatment] liquidity an
    exchange. Carried is only one coin for one share: of several nobody can tell which basis is
    whose."""
    return _treated(draft, "liquidity", how.liquidity)


def _treated(draft: Draft, kind: str, how: str) -> Named:
    if kind not in draft.kinds or not (draft.coming() and draft.leaving()):
        return None
    if how == "exchange":
        return "trade", "sure"
    single = len(draft.coming()) == len(draft.leaving()) == 1
    return ("wrap", "sure") if how == "carry" and single else ("unknown", "unsure")


def fees_of_a_pool(draft: Draft, how: Treatments) -> Named:
    """Coins that a place in a pool earned were paid out; whether that is income now the law leaves
    open."""
    only = "liquidity_fees" in draft.kinds and draft.coming() and not draft.leaving()
    return ("deposit", "unsure") if only else None


def income_of_the_venue(draft: Draft, how: Treatments) -> Named:
    """The venue credits a reward."""
    kinds = [k for k in draft.kinds if k.startswith("income:")]
    return (kinds[0], "sure") if len(kinds) == 1 and draft.coming() else None


def money_only(draft: Draft, how: Treatments) -> Named:
    """Money moved in or out; money has no lots."""
    return ("fiat", "sure") if _all_money(draft) else None


def unexplained_balance(draft: Draft, how: Treatments) -> Named:
    """The balance changed and no transaction explains it."""
    return ("unknown", "unsure") if draft.kinds == {"unexplained"} else None


def fake_token(draft: Draft, how: Treatments) -> Named:
    """A token came unasked that calls itself by the name of a coin that it is not."""
    return spam_token(draft, how) if "fake" in draft.kinds else None


def lure(draft: Draft, how: Treatments) -> Named:
    """A token came unasked whose name leads somewhere: what waits there takes coins."""
    return spam_token(draft, how) if "lure" in draft.kinds else None


def spam_token(draft: Draft, how: Treatments) -> Named:
    """A token that no list knows came unasked, in a transaction that somebody else sent."""
    unasked = draft.kinds <= {"received", "rebase", "fake", "lure"} and not draft.leaving()
    unlisted = draft.coming() and all(
        names().listed(g.asset) is None and g.asset not in how.known for g in draft.coming()
    )
    foreign = not any(g.asset.endswith(":native") for g in draft.legs)
    return ("spam", "likely") if unasked and unlisted and foreign else None


def fee_alone(draft: Draft, how: Treatments) -> Named:
    """Only a fee was paid."""
    return None if draft.coming() or draft.leaving() else ("fee", "sure")


def bought_with_money(draft: Draft, how: Treatments) -> Named:
    """Money went out and a coin came in."""
    return ("buy", "sure") if _sides(draft) == ("fiat", "coin") else None


def sold_for_money(draft: Draft, how: Treatments) -> Named:
    """A coin went out and money came in."""
    return ("sell", "sure") if _sides(draft) == ("coin", "fiat") else None


def swapped(draft: Draft, how: Treatments) -> Named:
    """Different coins went out and came in, in one transaction."""
    return ("trade", "sure") if _sides(draft) == ("coin", "coin") else None


def spent(draft: Draft, how: Treatments) -> Named:
    """Coins paid for goods or services."""
    return ("spend", "sure") if draft.kinds == {"spend"} and not draft.coming() else None


def half_a_trade(draft: Draft, how: Treatments) -> Named:
    """One side of a trade is missing; it waits for its other half or a decision."""
    return ("unknown", "unsure") if draft.kinds == {"trade"} and not draft.claim else None


def one_half(draft: Draft, how: Treatments) -> Named:
    """A coin only came in, or only went out: one half of a transfer until proved otherwise."""
    if draft.coming() and not draft.leaving():
        return "deposit", "unsure"
    return ("withdrawal", "unsure") if draft.leaving() and not draft.coming() else None


def bridged(draft: Draft, how: Treatments) -> Named:
    """A coin went into a bridge to another chain, or came out of one."""
    return one_half(draft, how) if "bridge" in draft.kinds else None


def not_understood(draft: Draft, how: Treatments) -> Named:
    """No rule fits; it waits for a decision."""
    return "unknown", "unsure"


RULES: tuple[Rule, ...] = (
    wrapped,
    stated_by_the_file,
    unknown_kind,
    pots_of_one_coin,
    failed_transaction,
    approval,
    loan,
    lent,
    fees_of_a_pool,
    liquid_staked,
    pooled,
    income_of_the_venue,
    money_only,
    unexplained_balance,
    fake_token,
    lure,
    spam_token,
    fee_alone,
    bought_with_money,
    sold_for_money,
    swapped,
    spent,
    half_a_trade,
    bridged,
    one_half,
    not_understood,
)


# rules whose answer the law leaves open, and the setting that decides
RESTS_ON = {
    "wrapped": "wrap",
    "lent": "lending",
    "liquid_staked": "liquid_staking",
    "pooled": "liquidity",
}


def classify(draft: Draft, how: Treatments) -> Event:
    """The event of a draft, with the rule that named it and its evidence."""
    for rule in RULES:
        named = rule(draft, how)
        if named:
            kind, confidence = named
            key = event_id(draft.source, draft.group)
            return Event(
                event_id=key,
                kind=kind,
                at=draft.at,
                legs=draft.legs,
                rule=rule.__name__,
                evidence=draft.evidence,
                confidence=confidence,
                txid=draft.txid,
                address=draft.address,
                claim=draft.claim,
                fees_beside=bool(draft.kinds & ON_CHAIN),
                network=draft.network,
                rests_on=_rests_on(rule.__name__, how),
            )
    raise AssertionError("unreachable: the last rule fits everything")


def _rests_on(rule: str, how: Treatments) -> tuple[str, ...]:
    setting = RESTS_ON.get(rule)
    return (f"[treatment] {setting} = {getattr(how, setting)}",) if setting else ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """What a rule that fits would have made of a draft."""

    rule: str
    kind: str
    confidence: Confidence


def alternatives(draft: Draft, how: Treatments) -> list[Alternative]:
    """Every rule that fits, in order; the first one named the event."""
    named = ((rule.__name__, rule(draft, how)) for rule in RULES)
    return [Alternative(name, *found) for name, found in named if found]


def _is_one_to_one(draft: Draft) -> bool:
    """One coin for as many of another."""
    coming, leaving = draft.coming(), draft.leaving()
    single = len(coming) == len(leaving) == 1
    return single and coming[0].quantity == -leaving[0].quantity


def _all_money(draft: Draft) -> bool:
    return all(names().is_fiat(g.asset) for g in draft.legs)


def _sides(draft: Draft) -> tuple[str, str]:
    return _side(draft.leaving()), _side(draft.coming())


def _side(legs: list[Leg]) -> str:
    if not legs:
        return "nothing"
    money = [names().is_fiat(g.asset) for g in legs]
    return "fiat" if all(money) else "mixed" if any(money) else "coin"
