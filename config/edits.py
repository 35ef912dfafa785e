"""Settings that may be changed on the page: what each means, and how changes go before the file.

What decides where data lies, who is let in or what is trusted stays with the file: `[database]`,
`[web]`, accounts, chains, addresses of channels.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from config.errors import UsageError

Edits = Mapping[str, str]  # what is set on the page, by name
_LAW = "The law leaves this open; every row that rests on it says so. "
_TREATED = "carry: the lots go along; exchange: a taxable exchange; review: you decide each."
EDITABLE: Mapping[str, str] = {
    "taxpayer.filing_status": "How you file; it decides brackets and the yearly limit.",
    "taxpayer.time_zone": "Tax dates are days in this zone.",
    "taxpayer.ordinary_income": "Taxable income after deductions, without capital gains and "
    "without income that the ledger holds. Needed for any figure of tax.",
    "taxpayer.magi": "Modified adjusted gross income, for the net investment income tax.",
    "taxpayer.other_short_term": "Net short-term gain outside the ledger (stocks, K-1).",
    "taxpayer.other_long_term": "Net long-term gain outside the ledger.",
    "taxpayer.qualified_dividends": "Taxed at the rates of long-term gains.",
    "taxpayer.state_rate": "Of your state's tax on gains, a fraction: 0.05 is 5%.",
    "taxpayer.carryover_short": "Short-term loss carried into the year below; positive.",
    "taxpayer.carryover_long": "Long-term loss carried into the year below; positive.",
    "taxpayer.carryover_year": "The year that these carryovers enter.",
    "lots.method": "A wish only: it changes no sale that no identification covers.",
    "lots.transfer_order": "Which lots a transfer between your own accounts moves.",
    "lots.before_2025": "How lots were kept before 2025: all together, or by account "
    "(Rev. Proc. 2024-28).",
    "treatment.wrap": f"{_LAW}Wrapping a coin, as ETH to WETH. {_TREATED}",
    "treatment.bridge": f"{_LAW}Moving a coin to another network. {_TREATED}",
    "treatment.liquidity": f"{_LAW}Giving coins to a pool for a share. {_TREATED}",
    "treatment.liquid_staking": f"{_LAW}A coin for its staking token. {_TREATED}",
    "treatment.lending": f"{_LAW}Lending where the same coin comes back. {_TREATED}",
    "treatment.fees_before_2025": f"{_LAW}Fees of transfers before 2025: dispositions as in 2025, "
    "or added to the basis.",
    "wash_sale.mode": "IRC 1091 names stock and securities, not coins. off: nothing; warn: such "
    "buys are marked; enforce: losses are disallowed as if the law named coins.",
    "wash_sale.from": "From which day that counts.",
    "harvest.min_loss_usd": "A smaller loss is not worth telling.",
    "harvest.min_loss_percent": "Nor is one that is less of the basis.",
    "harvest.min_benefit_usd": "Nor is one that saves less than it costs and this.",
    "harvest.fee_percent": "What a sale costs, where its account does not say.",
    "harvest.spread_percent": "What the spread costs, where its account does not say.",
    "harvest.min_sale_usd": "Less than this cannot be sold.",
    "harvest.near_days": "Lots so near to a year are listed.",
    "alerts.detail": "How much messages say: none, percent, or full (with dollars).",
    "alerts.quiet_hours": "No message but urgent ones, as 22:00-07:00; empty for none.",
    "alerts.cooldown": "How long a thing that was told rests, as 24h.",
    "alerts.confirm_readings": "How many looks must agree before something is told.",
    "alerts.confirm_minutes": "Or how long it must be so.",
    "alerts.clear_ratio": "Below this part of the threshold an opening is closed.",
    "alerts.daily_budget": "Messages a day; more wait for the digest. 0: any number.",
    "alerts.long_term_days": "So long before a lot turns long-term you are told.",
    "alerts.gains_above_usd": "Told when the gains of the year exceed this.",
    "alerts.review_usd": "Told when more than this is undecided.",
    "alerts.stale_after": "Told when a source was not read for so long.",
    "schedule.sync": "How often each source is read, as 15m.",
    "schedule.prices": "How often missing prices are asked for.",
    "schedule.harvest": "How often holdings are looked at.",
    "schedule.backup": "How often the database is copied.",
    "schedule.digest": "When the day's digest goes out.",
    "prices.max_age": "A price older than this opens no alert.",
    "prices.stablecoins": "priced: by their market; one: always a dollar.",
    "report.whole_dollars": "Round rows and totals of papers to dollars.",
    "report.exception_1": "Totals of covered sales go straight to Schedule D (exception 1).",
    "report.exception_2": "Sales go on a statement beside Form 8949 (exception 2).",
}
_OF_A_YEAR = re.compile(r"taxpayer\.(20\d\d)\.(\w+)")


def check_name(name: str) -> None:
    """Raises UsageError for a setting that is not changed here. Figures of a taxpayer may be those
    of one year: `taxpayer.2025.ordinary_income`."""
    found = _OF_A_YEAR.fullmatch(name)
    of_year = f"taxpayer.{found[2]}" if found else name
    of_all = found is not None and found[2] in ("time_zone", "carryover_year")
    if of_year not in EDITABLE or of_all:
        raise UsageError(f"{name} is not changed here; it stands in the settings file")


def merged(data: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """What a file says, with what is set on the page in its place."""
    found = copy.deepcopy(dict(data))
    for name, value in edits.items():
        *tables, key = name.split(".")
        place = found
        for one in tables:
            inner = place.get(one)
            place[one] = place = dict(inner) if isinstance(inner, Mapping) else {}
        place[key] = value
    return found
