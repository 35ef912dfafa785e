"""Openings to harvest a loss as readings, and what is said of them: never advice to sell. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.exact import cents, text
from syncer.alerts.states import Patience, Reading, Watched
from syncer.harvest.opportunity import NO_PRICE, Limits, Opportunity, turns_long_on

RULE = "harvest"
MOST_LOTS = 5  # in a message


@dataclass(frozen=True, slots=True)
class Words:
    """How much a message says, and to whom."""

    detail: str
    zone: ZoneInfo
    max_age: timedelta
    rates: str = ""  # of the year, with which the tax is worked out
    washed: bool = False  # whether a law on wash sales counts


def alert_key(account: str, asset: str, year: int) -> str:
    return f"{RULE}:{account}:{asset}:{year}"


def watched(
    found: Iterable[Opportunity],
    known: Iterable[str],
    limits: Limits,
    clear_ratio: Decimal,
    patience: Patience,
    words: Words,
    now: datetime,
    stale: Container[str] = (),
) -> Iterator[Watched]:
    """A reading for each opening, and for each that is known and open no more: what is left may be
    dust, or locked now. What has no price, or one that is too old (`stale` are such assets), is not
    seen: its state stays."""
    year = now.astimezone(words.zone).year
    seen: set[str] = set()
    for one in found:
        key = alert_key(one.account, one.asset, year)
        if one.path is None:
            if NO_PRICE in one.reasons and key not in seen:
                seen.add(key)
                yield Watched(Reading.of(key, False), {}, patience, known=False)
            continue
        fresh = one.market is not None and now - one.market.at <= words.max_age
        seen.add(key)
        reading = Reading(key, _is_over(one, limits), _is_below(one, limits, clear_ratio), one.loss)
        yield Watched(reading, _said(one, words, now), patience, known=fresh)
    for key in known:
        if key.startswith(f"{RULE}:") and key not in seen:
            asset, _, of_year = key.split(":", 2)[2].rpartition(":")
            # with the year its openings end, and those of the next begin
            of_what = "" if words.detail == "none" else f" in {asset}"
            said = {"closed": _closed(of_what, now)} if of_year == str(year) else {}
            yield Watched(Reading.of(key, False), said, patience, known=asset not in stale)


def _is_over(one: Opportunity, limits: Limits) -> bool:
    return one.loss > 0 and not any(r.startswith("below_") for r in limits.reasons(one))


def _is_below(one: Opportunity, limits: Limits, ratio: Decimal) -> bool:
    """Below any of the thresholds by the margin."""
    margin = Limits(
        limits.min_loss * ratio, limits.min_loss_percent * ratio, limits.min_benefit * ratio
    )
    return one.loss <= 0 or any(r.startswith("below_") for r in margin.reasons(one))


def _said(one: Opportunity, words: Words, now: datetime) -> dict[str, tuple[str, str]]:
    body = message(one, words, now)
    of_what = "" if words.detail == "none" else f" in {one.asset}"
    return {
        "opened": (f"Syncer: an opening to harvest a loss{of_what}", body),
        "again": (f"Syncer: the opening{of_what} is still there", body),
        "grew": (f"Syncer: the opening{of_what} has grown by half", body),
        "closed": _closed(of_what, now),
    }


def _closed(of_what: str, now: datetime) -> tuple[str, str]:
    seen = f"Seen {now:%Y-%m-%d %H:%M} UTC."
    return f"Syncer: the opening{of_what} has closed", f"{seen} Details: syncer harvest"


def message(one: Opportunity, words: Words, now: datetime) -> str:
    """Amounts only as far as `[alerts] detail` allows."""
    if words.detail == "none":
        return "See the details with: syncer harvest"
    percent = one.loss_percent.quantize(Decimal("0.1"))
    lines = [f"{one.asset} at {one.account} is {percent}% below its basis."]
    if words.detail == "full":
        lines += list(_dollars(one, words))
    lines += list(_of_lots(one, words))
    if one.wash_sale_buys:
        counts = "the loss is less what that disallows" if words.washed else "a note only"
        lines.append(f"Bought in the last 30 days: {len(one.wash_sale_buys)} lots ({counts}).")
    if one.market:
        age = max(0, int((now - one.market.at).total_seconds() // 60))
        seen = f"{now:%Y-%m-%d %H:%M} UTC"
        lines.append(f"Seen {seen}, at a price that was {age} minutes old then.")
    lines.append("Check the price where you would sell, and that the account is in step.")
    lines.append("An opening exists; this is not tax advice. Details: syncer harvest")
    return "\n".join(lines)


def _dollars(one: Opportunity, words: Words) -> Iterator[str]:
    yield (
        f"Selling {text(one.quantity)} would realise a loss of ${cents(one.loss)} "
        f"(short ${one.loss_short}, long ${one.loss_long})."
    )
    if one.tax_saved is None:
        yield "The tax saved is not known: see [taxpayer] ordinary_income."
    else:
        yield (
            f"Estimated tax saved this year: ${one.tax_saved}{words.rates}; cost ${one.cost}, "
            f"net ${one.net_benefit}."
        )


def _of_lots(one: Opportunity, words: Words) -> Iterator[str]:
    """Which lots the sale takes, and when the next of them turns long-term."""
    parts = one.parts
    for part in parts[:MOST_LOTS]:
        acquired = part.lot.acquired_at.astimezone(words.zone).date()
        line = f"- lot of {acquired}, {part.term}-term"
        if part.term == "short":
            line += f", long-term from {turns_long_on(part.lot, words.zone)}"
        yield line
    if len(parts) > MOST_LOTS:
        yield f"- and {len(parts) - MOST_LOTS} more lots"
    if one.rule != "fifo":
        yield f"By the standing order in force: {one.rule}."
