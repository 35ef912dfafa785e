"""Harvest as `--json` prints it: opportunities, what is not for sale, plans."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config.exact import ZERO
from syncer.harvest.identifying import IfIdentified
from syncer.harvest.opportunity import Opportunity, turns_long_on
from syncer.harvest.ripening import Ripening
from syncer.harvesting import Found
from syncer.lots.holding_period import long_term_on
from syncer.planning import Planned
from syncer.tax.outlook import YearWith
from syncer.views import instant, quantity, usd

Json = dict[str, Any]


def opportunity(one: Opportunity, zone: ZoneInfo, now: datetime) -> Json:
    market, carried = one.market, one.carried
    return {
        "account": one.account,
        "asset": one.asset,
        "quantity": quantity(one.quantity),
        "basis_usd": usd(one.basis),
        "value_usd": usd(one.value),
        "loss_short_usd": usd(one.loss_short),
        "loss_long_usd": usd(one.loss_long),
        "loss_percent": _percent(one.loss_percent),
        "tax_saved_usd": usd(one.tax_saved),
        "cost_usd": usd(one.cost),
        "net_benefit_usd": usd(one.net_benefit),
        "later_tax_usd": usd(one.later_tax),
        "carryover_short_usd": usd(carried.short if carried else None),
        "carryover_long_usd": usd(carried.long if carried else None),
        "loss_ends_at": _price(one.loss_ends_at),
        "rebuy_rise_percent": _percent(one.rebuy_rise_percent),
        "rebuy_long_term_on": _rebuy_long_on(one, now.astimezone(zone).date()),
        "rule": one.rule,
        "lots": _lots(one, zone),
        "next_long_term_on": _day(next_long := next_long_term(one, zone, now)),
        "days_to_long_term": (next_long - now.astimezone(zone).date()).days if next_long else None,
        "wash_sale_buys": [x.lot_id for x in one.wash_sale_buys],
        "wash_sale_usd": usd(one.disallowed),
        "price": quantity(market.usd) if market else None,
        "price_at": instant(market.at) if market else None,
        "price_age_minutes": int((now - market.at).total_seconds() // 60) if market else None,
        "price_source": market.source if market else None,
        "reasons": list(one.reasons),
    }


def document(found: Found, zone: ZoneInfo, now: datetime | None = None) -> Json:
    """Ages of prices as of `now`, which is later than the look where that was kept."""
    now = now or found.now
    return {
        "harvest": [opportunity(o, zone, now) for o in found.sales],
        "not_for_sale": [opportunity(o, zone, now) for o in found.apart],
        "if_identified": [identified(o, zone, now) for o in found.identified],
        "near_long_term": [ripening(o, now, zone) for o in found.ripening],
        "before": year(found.before),
        "after": year(found.after),
        "notes": list(found.notes),
    }


def _price(value: Decimal | None) -> str | None:
    """To the cent, or where a unit is worth less than a dollar to six digits that say something."""
    if value is None or value >= 1 or not value:
        return usd(value)
    return quantity(value.quantize(Decimal(1).scaleb(value.adjusted() - 5)))


def _percent(value: Decimal | None) -> str | None:
    return None if value is None else format(value.quantize(Decimal("0.1")), "f")


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _rebuy_long_on(one: Opportunity, today: date) -> str | None:
    """From when units bought again today would be long-term."""
    return long_term_on(today).isoformat() if one.path else None


def _lots(one: Opportunity, zone: ZoneInfo) -> list[Json]:
    return [
        {
            "lot_id": p.lot.lot_id,
            "acquired_at": instant(p.lot.acquired_at),
            "quantity": quantity(p.quantity),
            "basis_usd": usd(p.basis),
            "gain_usd": usd(p.gain),
            "term": p.term,
            "long_term_on": turns_long_on(p.lot, zone).isoformat(),
        }
        for p in one.parts
    ]


def next_long_term(one: Opportunity, zone: ZoneInfo, now: datetime) -> date | None:
    """When the next of its lots turns long-term."""
    today = now.astimezone(zone).date()
    days = (turns_long_on(p.lot, zone) for p in one.parts if p.term == "short")
    return min((d for d in days if d > today), default=None)


def identified(one: IfIdentified, zone: ZoneInfo, now: datetime) -> Json:
    instead = one.instead.net_benefit if one.instead else ZERO
    return {
        **opportunity(one.sale, zone, now),
        "rule": "identified",
        "instead_usd": usd(instead),
        "command": one.command,
    }


def plan(planned: Planned, zone: ZoneInfo) -> Json:
    one, now = planned.plan, planned.now
    return {
        "sales": [opportunity(s, zone, now) for s in one.sales],
        "not_for_sale": [opportunity(s, zone, now) for s in one.apart],
        "loss_usd": usd(one.loss),
        "tax_saved_usd": usd(one.tax_saved),
        "cost_usd": usd(one.cost),
        "net_benefit_usd": usd(one.net_benefit),
        "later_tax_usd": usd(one.later_tax),
        "before": year(one.before),
        "after": year(one.after),
        "notes": list(planned.notes),
    }


def scenario(name: str, goal: str, planned: Planned) -> Json:
    """A line to compare by."""
    one = planned.plan
    return {
        "name": name,
        "goal": goal,
        "sales": len(one.sales),
        "loss_usd": usd(one.loss),
        "tax_saved_usd": usd(one.tax_saved),
        "cost_usd": usd(one.cost),
        "net_benefit_usd": usd(one.net_benefit),
        "later_tax_usd": usd(one.later_tax),
        "net_before_usd": usd(one.before.netting.line_16),
        "net_after_usd": usd(one.after.netting.line_16),
    }


def year(one: YearWith) -> Json:
    """As Schedule D would show it."""
    return {
        "short_term_usd": usd(one.short_term),
        "long_term_usd": usd(one.long_term),
        "line_7_usd": usd(one.netting.line_7),
        "line_15_usd": usd(one.netting.line_15),
        "net_usd": usd(one.netting.line_16),
        "deductible_usd": usd(one.netting.line_21),
        "carryover_short_usd": usd(one.carried.short),
        "carryover_long_usd": usd(one.carried.long),
        "federal_tax_usd": usd(one.federal),
        "state_tax_usd": usd(one.state),
    }


def ripening(one: Ripening, now: datetime, zone: ZoneInfo) -> Json:
    today = now.astimezone(zone).date()
    return {
        "account": one.lot.account,
        "asset": one.lot.asset,
        "lot_id": one.lot.lot_id,
        "quantity": quantity(one.lot.quantity),
        "gain_usd": usd(one.gain),
        "long_term_on": one.long_on.isoformat(),
        "days": (one.long_on - today).days,
    }
