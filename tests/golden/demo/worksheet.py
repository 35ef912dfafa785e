"""The spreadsheet of the demo's story: plain arithmetic, none of the product's code.

Facts are typed in here a second time (prices, volumes, gas), worked in fractions of a dollar,
and every step is written to `worksheet.md` beside the figures in `expected.json`:

    python tests/golden/demo/worksheet.py
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction as F
from pathlib import Path

HERE = Path(__file__).parent
FEE = F(4, 1000)
GAS_PRICE = F(20, 10**9)  # 20 gwei, in ether

BTC = [48000, 64000, 60000, 70000, 96000, 52000, 110000, 100000, 90000, 80000, 95000, 105000]

note: list[str] = []


def quarter(day: date) -> int:
    return (day.year - 2024) * 4 + (day.month - 1) // 3


def cents(x: F) -> int:
    """Half up, away from zero below it."""
    return int(x * 100 + F(1, 2)) if x >= 0 else -int(-x * 100 + F(1, 2))


def money(c: int) -> str:
    return f"{'-' if c < 0 else ''}{abs(c) // 100}.{abs(c) % 100:02d}"


def plain(q: F) -> str:
    """A quantity as decimal text (all of ours end)."""
    whole, rest = divmod(abs(q), 1)
    text = str(whole)
    digits = ""
    while rest:
        rest *= 10
        digits += str(rest.numerator // rest.denominator)
        rest %= 1
    return ("-" if q < 0 else "") + text + ("." + digits if digits else "")


def long_from(acquired: date) -> date:
    start = acquired + timedelta(days=1)
    return date(start.year + 1, 3, 1) if (start.month, start.day) == (2, 29) else start.replace(year=start.year + 1)


@dataclass
class Lot:
    """`whole` units cost `basis` cents; `taken` units are gone with `dealt` cents."""

    asset: str
    acquired: date
    whole: F
    basis: int
    taken: F = F(0)
    dealt: int = 0

    @property
    def left(self) -> F:
        return self.whole - self.taken

    def take(self, units: F) -> int:
        self.taken += units
        upto = cents(F(self.basis, 100) * self.taken / self.whole)
        part, self.dealt = upto - self.dealt, upto
        return part


@dataclass
class Place:
    """One account: lots by asset, earliest first."""

    name: str
    lots: list[Lot] = field(default_factory=list)

    def fifo(self, asset: str, units: F) -> list[tuple[Lot, F, int]]:
        out = []
        for lot in sorted((x for x in self.lots if x.asset == asset), key=lambda x: x.acquired):
            if units and lot.left:
                part = min(units, lot.left)
                out.append((lot, part, lot.take(part)))
                units -= part
        assert units == 0, (self.name, asset, units)
        return out


kraken, wallet = Place("kraken"), Place("wallet")
disposals: dict[int, list[dict[str, object]]] = {2024: [], 2025: [], 2026: []}
income: dict[int, list[dict[str, object]]] = {2024: [], 2025: [], 2026: []}


def buy(day: date, asset: str, units: F, price: int) -> None:
    cost = units * price
    fee = cost * FEE
    basis = cents(cost + fee)
    kraken.lots.append(Lot(asset, day, units, basis))
    if asset != "BTC" or day == date(2024, 1, 8):
        note.append(
            f"- {day} buy {plain(units)} {asset} at {price}: {plain(units)} x {price} = {money(cents(cost))}, "
            f"fee 0.4% = {money(cents(fee))}, basis **{money(basis)}**"
        )


def dispose(place: Place, day: date, asset: str, units: F, net: F, fees: F, kind: str, why: str) -> None:
    """Deal net proceeds and fees to FIFO slices by cumulative rounding."""
    total, cost = cents(net), cents(fees)
    note.append(f"- {day} {place.name} {kind}: {why} = **{money(total)}**")
    so_far, given, paid = F(0), 0, 0
    for lot, part, basis in place.fifo(asset, units):
        so_far += part
        upto = cents(F(total, 100) * so_far / units)
        upto_fee = cents(F(cost, 100) * so_far / units)
        proceeds, given = upto - given, upto
        fee, paid = upto_fee - paid, upto_fee
        term = "long" if day >= long_from(lot.acquired) else "short"
        disposals[day.year].append(
            {
                "account": place.name,
                "asset": asset,
                "kind": kind,
                "quantity": plain(part),
                "acquired_on": lot.acquired.isoformat(),
                "disposed_on": day.isoformat(),
                "proceeds_usd": money(proceeds),
                "basis_usd": money(basis),
                "gain_usd": money(proceeds - basis),
                "term": term,
                "fee": fee,
            }
        )
        note.append(
            f"  - {plain(part)} of {lot.acquired} ({money(lot.basis)} for {plain(lot.whole)}): "
            f"{money(proceeds)} - {money(basis)} = {money(proceeds - basis)} {term}"
        )


def sell(day: date, asset: str, units: F, price: int) -> None:
    gross = units * price
    fee = gross * FEE
    why = f"{plain(units)} {asset} x {price} = {money(cents(gross))} less {money(cents(fee))}"
    dispose(kraken, day, asset, units, gross - fee, fee, "sale", why)


def gas(day: date, used: int, price: int, what: str) -> F:
    units = used * GAS_PRICE
    why = f"gas of {what}: {used} x 20 gwei = {plain(units)} ETH x {price} = {float(units * price):.6f}"
    dispose(wallet, day, "ETH", units, units * price, F(0), "fee", why)
    return units * price


def move(source: Place, target: Place, asset: str, units: F, what: str, to_asset: str | None = None) -> None:
    for lot, part, basis in source.fifo(asset, units):
        target.lots.append(Lot(to_asset or asset, lot.acquired, part, basis))
        note.append(f"- {what}: {plain(part)} of the lot of {lot.acquired} goes with basis **{money(basis)}**")


def work() -> None:
    note.append("## Purchases, sales, transfers in order\n")
    steps: list[tuple[date, int, object]] = []
    day = date(2024, 1, 8)
    while day <= date(2026, 10, 26):
        steps.append((day, 0, lambda d=day: buy(d, "BTC", F(1, 100), BTC[quarter(d)])))
        day += timedelta(days=7)

    def card() -> None:
        kraken.lots.append(Lot("BTC", date(2024, 5, 10), F(77, 10000), 50000))
        note.append("- 2024-05-10 card: 492.61 + fee 7.39 for 0.0077 BTC, basis **500.00**")

    def withdraw() -> None:
        move(kraken, wallet, "ETH", F(5, 2), "2025-02-03 withdrawal of 2.5 ETH to the wallet")
        dispose(
            kraken,
            date(2025, 2, 3),
            "ETH",
            F(25, 10000),
            F(25, 10000) * 3300,
            F(0),
            "fee",
            "withdrawal fee 0.0025 ETH x 3300",
        )

    def wallet_day() -> None:
        d = date(2025, 2, 10)
        move(wallet, wallet, "ETH", F(1), "2025-02-10 wrap of 1 ETH", "WETH")
        gas(d, 44760, 3300, "the wrap")
        gas(d, 45827, 3300, "the approval")
        cost = 77904 * GAS_PRICE * 3300
        note.append("- swap: pool 99.2 WETH and 100000 GLDX; 100000 x 0.8 / (99.2 + 0.8) = 800 GLDX for 0.8 WETH")
        why = f"0.8 WETH x 3300 = 2640.00 less gas {float(cost):.6f}"
        dispose(wallet, d, "WETH", F(8, 10), F(8, 10) * 3300 - cost, cost, "swap", why)
        wallet.lots.append(Lot("GLDX", d, F(800), 264000))
        note.append("- GLDX has no price of its own: its basis is the value given, **2640.00**")
        gas(d, 77904, 3300, "the swap")

    def back() -> None:
        move(wallet, kraken, "ETH", F(7, 10), "2025-07-07 0.7 ETH sent back to Kraken")
        gas(date(2025, 7, 7), 21000, 4000, "sending back")

    fixed = [
        (date(2024, 2, 5), lambda: buy(date(2024, 2, 5), "ETH", F(2), 2300)),
        (date(2024, 5, 10), card),
        (date(2024, 6, 3), lambda: buy(date(2024, 6, 3), "SOL", F(10), 150)),
        # 01:20 UTC is still the evening before in New York
        (date(2024, 9, 1), lambda: reward("2024-09-01", F(1, 10), 140)),
        (date(2024, 11, 18), lambda: sell(date(2024, 11, 18), "BTC", F(55, 1000), 70000)),
        (date(2024, 12, 1), lambda: reward("2024-12-01", F(1, 10), 200)),
        (date(2025, 1, 15), lambda: buy(date(2025, 1, 15), "ETH", F(3, 2), 3300)),
        (date(2025, 2, 3), withdraw),
        (date(2025, 2, 10), wallet_day),
        (date(2025, 2, 11), lambda: gas(date(2025, 2, 11), 32600, 3300, "the failed swap")),
        (date(2025, 3, 2), lambda: reward("2025-03-02", F(12, 100), 190)),
        (date(2025, 3, 17), lambda: sell(date(2025, 3, 17), "BTC", F(1, 10), 96000)),
        (date(2025, 5, 19), lambda: sell(date(2025, 5, 19), "BTC", F(1, 10), 52000)),
        (date(2025, 7, 7), back),
        (date(2025, 8, 31), lambda: reward("2025-08-31", F(12, 100), 180)),
        (date(2025, 9, 15), lambda: sell(date(2025, 9, 15), "BTC", F(2, 100), 110000)),
        (date(2025, 10, 6), lambda: sell(date(2025, 10, 6), "SOL", F(5), 190)),
        (date(2026, 2, 9), lambda: sell(date(2026, 2, 9), "BTC", F(3, 100), 90000)),
        (date(2026, 3, 1), lambda: reward("2026-03-01", F(15, 100), 130)),
    ]
    steps += [(d, 1, act) for d, act in fixed]
    for _, _, act in sorted(steps, key=lambda s: s[:2]):
        act()  # type: ignore[operator]


def reward(day: str, units: F, price: int) -> None:
    """A reward at the price of its UTC day, dated in New York."""
    when = date.fromisoformat(day)
    value = cents(units * price)
    kraken.lots.append(Lot("SOL", when, units, value))
    row = {
        "account": "kraken",
        "asset": "SOL",
        "quantity": plain(units),
        "received_on": day,
        "usd": money(value),
        "kind": "staking",
    }
    income[when.year].append(row)
    note.append(f"- {day} reward {plain(units)} SOL x {price} = **{money(value)}**, income and basis")


# ---- the year: bracket tables of Rev. Proc. 2023-34, 2024-40, 2025-32, single

RATES = [F(10, 100), F(12, 100), F(22, 100), F(24, 100)]
STARTS = {
    2024: [0, 11600, 47150, 100525],
    2025: [0, 11925, 48475, 103350],
    2026: [0, 12400, 50400, 105700],
}
ZERO_TOP = {
    2024: 47025,
    2025: 48350,
    2026: 49450,
}  # all of the story's income stays in the 15% band


def tax(year: int, ordinary: F, gain: F) -> F:
    """Ordinary brackets, then net capital gain on top at 0% and 15%."""
    total = F(0)
    tops = [*STARTS[year][1:], None]
    for rate, start, top in zip(RATES, STARTS[year], tops, strict=True):
        end = ordinary if top is None else min(ordinary, F(top))
        total += rate * max(F(0), end - start)
    above = max(F(0), ordinary + gain - max(ordinary, F(ZERO_TOP[year])))
    return total + F(15, 100) * above


def whole_tax(year: int, short: int, long: int, ledger: int) -> tuple[int, int, int]:
    """(tax, net, deductible) in cents for gains in cents; nothing carried in."""
    net = short + long
    deductible = min(300000, max(0, -net))
    taxable = F(60000) + F(ledger, 100) + (F(net, 100) if net > 0 else -F(deductible, 100))
    preferred = max(F(0), F(min(long, net), 100))
    return cents(tax(year, taxable - preferred, preferred)), net, deductible


def gains(year: int, term: str) -> int:
    return sum(round(float(d["gain_usd"]) * 100) for d in disposals[year] if d["term"] == term)  # type: ignore[arg-type]


def year_figures(year: int) -> dict[str, object]:
    short, long = gains(year, "short"), gains(year, "long")
    ledger = sum(round(float(r["usd"]) * 100) for r in income[year])  # type: ignore[arg-type]
    total, net, deductible = whole_tax(year, short, long, ledger)
    note.append(
        f"- {year}: short {money(short)}, long {money(long)}, net {money(net)}; ledger income {money(ledger)}; "
        f"60000.00 + {money(ledger)} + {money(net)} taxed: **{money(total)}**"
    )
    return {
        "short_term_usd": money(short),
        "long_term_usd": money(long),
        "net_usd": money(net),
        "deductible_usd": money(deductible),
        "carryover_short_usd": "0.00",
        "carryover_long_usd": "0.00",
        "ordinary_income_usd": money(ledger),
        "federal_tax_usd": money(total),
        "state_tax_usd": "0.00",
        # line 4 of the form of 2025 is no sale of the ledger, and 2026 carries on from there
        "incomplete": year > 2024,
    }


# ---- harvest on 2026-11-20, sale cost 0.4%


def harvest(place: Place, asset: str, price: int) -> dict[str, object] | None:
    today = date(2026, 11, 20)
    base_short, base_long = gains(2026, "short"), gains(2026, "long")
    ledger = sum(round(float(r["usd"]) * 100) for r in income[2026])  # type: ignore[arg-type]
    base, _, _ = whole_tax(2026, base_short, base_long, ledger)
    best: dict[str, object] | None = None
    best_net = None
    short = long = basis = 0
    units = F(0)
    tried = []
    marks = []
    sold: list[tuple[F, int, bool]] = []
    for lot in sorted((x for x in place.lots if x.asset == asset and x.left), key=lambda x: x.acquired):
        left_basis = lot.basis - lot.dealt
        sold.append((lot.left, left_basis, today >= long_from(lot.acquired)))
        units += lot.left
        short, long = dealt(sold, units, cents(units * price * (1 - FEE)))
        basis += left_basis
        value = cents(units * price)
        cost = cents(F(value, 100) * FEE)
        after, _, _ = whole_tax(2026, base_short + short, base_long + long, ledger)
        saved = base - after
        loss = -(short + long)
        tried.append((plain(units), loss, saved, cost, saved - cost))
        marks.append((units, short, long, basis, lot))
        if loss > 0 and (best_net is None or saved - cost > best_net):
            best_net = saved - cost
            best = {
                "account": place.name,
                "asset": asset,
                "quantity": plain(units),
                "basis_usd": money(basis),
                "value_usd": money(value),
                "loss_short_usd": money(-short),
                "loss_long_usd": money(-long),
                "tax_saved_usd": money(saved),
                "cost_usd": money(cost),
                "net_benefit_usd": money(saved - cost),
                "price": str(price),
            }
    if best:
        at = [t[0] for t in tried].index(str(best["quantity"]))
        inside = up_to_the_limit(marks, at, price, base_short + base_long)
        note.append(f"- {place.name} {asset} at {price}, prefixes of the FIFO queue around the best:")
        for q, loss, saved, cost, result in tried[max(0, at - 2) : at + 3]:
            mark = " **<- best**" if q == best["quantity"] else ""
            note.append(f"  - {q}: loss {money(loss)}, tax saved {money(saved)}, cost {money(cost)}, net {money(result)}{mark}")
        if inside:
            units, loss, basis, value = inside
            cost = cents(F(value, 100) * FEE)
            saved = base - whole_tax(2026, base_short, base_long - loss, ledger)[0]
            note.append(f"  - {plain(units)}: loss {money(loss)} brings the year to -3,000: tax saved {money(saved)}, cost {money(cost)}, net {money(saved - cost)} **<- better**")
            best |= {
                "quantity": plain(units),
                "basis_usd": money(basis),
                "value_usd": money(value),
                "loss_long_usd": money(loss),
                "tax_saved_usd": money(saved),
                "cost_usd": money(cost),
                "net_benefit_usd": money(saved - cost),
            }
    return best


def dealt(sold: list[tuple[F, int, bool]], units: F, proceeds: int) -> tuple[int, int]:
    """(short, long) gains of a sale whose proceeds are rounded once and dealt to its lots."""
    gains, upto, given = [0, 0], F(0), 0
    for quantity, paid, is_long in sold:
        upto += quantity
        reached = cents(proceeds * upto / units / 100)
        gains[is_long] += reached - given - paid
        given = reached
    return gains[0], gains[1]


def up_to_the_limit(marks: list, at: int, price: int, gained: int) -> tuple | None:
    """Of the last lot of the best prefix only what brings the year's net to -3,000 saves anything:
    to as few decimals as cost no more than 2 cents. All lots here are long-term."""
    _, short, long, _, lot = marks[at]
    if gained + short + long >= -3000_00 or at == 0:
        return None
    before = marks[at - 1]
    missing = 3000_00 + gained + before[1] + before[2]
    left_basis = lot.basis - lot.dealt
    each = left_basis / lot.left - F(price) * 100 * (1 - FEE)
    exact = before[0] + missing / each
    for decimals in range(9):
        sold = F(round(exact * 10**decimals), 10**decimals)
        short_of = max(0, (exact - sold) * each) * F(22, 100)
        if short_of + max(0, (sold - exact) * price * 100 * FEE) <= 2:
            break
    part = sold - before[0]
    paid = cents(left_basis * part / lot.left / 100)
    brought = cents(sold * price * (1 - FEE))
    loss = before[3] + paid - brought
    return sold, loss, before[3] + paid, cents(sold * price)


# ---- the broker's form of 2025


def boxes() -> list[dict[str, object]]:
    """Box, codes and adjustment of each 2025 disposal; the form's lines are in the story."""
    out = []
    for d in disposals[2025]:
        key = (d["asset"], d["disposed_on"], d["kind"])
        long = d["term"] == "long"
        box, codes, adjustment = ("L" if long else "I"), "", 0
        if key == ("SOL", "2025-10-06", "sale"):
            box = "J"  # line 1: basis reported and equal
        elif key == ("BTC", "2025-03-17", "sale"):
            box = "K" if long else "H"  # line 2: no basis
        elif key == ("BTC", "2025-05-19", "sale"):
            box, codes, adjustment = ("K" if long else "H"), "E", -int(d["fee"])  # type: ignore[call-overload]
        out.append({**d, "box": box, "codes": codes, "adjustment_usd": money(adjustment)})
    return out


def at_the_wallet() -> dict[str, list[int]]:
    """What was disposed of in 2025 where no broker is, by asset."""
    found: dict[str, list[int]] = {}
    for d in disposals[2025]:
        if d["account"] == "wallet":
            found.setdefault(str(d["asset"]), []).append(round(float(str(d["proceeds_usd"])) * 100))
    return found


def schedule_d(rows: list[dict[str, object]]) -> dict[str, list[str]]:
    """Lines with (d), (e), (g), (h); column (d) of an E row is gross."""
    where = {"G": "1b", "H": "2", "I": "3", "C": "3", "J": "8b", "K": "9", "L": "10", "F": "10"}
    sums = {n: [0, 0, 0, 0] for n in ("1b", "2", "3", "8b", "9", "10")}

    def c(text: object) -> int:
        return round(float(str(text)) * 100)

    for r in rows:
        adjustment = c(r["adjustment_usd"])
        columns = (
            c(r["proceeds_usd"]) - adjustment,
            c(r["basis_usd"]),
            adjustment,
            c(r["gain_usd"]),
        )
        line = sums[where[str(r["box"])]]
        for i, value in enumerate(columns):
            line[i] += value
    return {n: [money(x) for x in line] for n, line in sums.items()}


def rows_of(place: Place) -> list[dict[str, object]]:
    return [
        {
            "account": place.name,
            "asset": x.asset,
            "quantity": plain(x.left),
            "basis_usd": money(x.basis - x.dealt),
            "acquired_on": x.acquired.isoformat(),
        }
        for x in place.lots
        if x.left
    ]


def clean(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{k: v for k, v in r.items() if k != "fee"} for r in rows]


def main() -> None:
    work()
    note.append("\n## The years\n")
    tax_figures = {str(y): year_figures(y) for y in (2024, 2025, 2026)}
    note.append("\n## Harvest on 2026-11-20 (BTC 50000, ETH 2000, SOL 120)\n")
    prices = {"BTC": 50000, "ETH": 2000, "SOL": 120, "WETH": 2000}
    found = [harvest(p, a, n) for p in (kraken, wallet) for a, n in prices.items()]
    of_2025 = boxes()
    of_2024 = [{**d, "box": "F" if d["term"] == "long" else "C", "codes": "", "adjustment_usd": "0.00"} for d in disposals[2024]]
    expected = {
        "lots": rows_of(kraken) + rows_of(wallet),
        "disposals": {
            "2024": clean(of_2024),
            "2025": clean(of_2025),
            "2026": clean(disposals[2026]),
        },
        "income": {str(y): rows for y, rows in income.items()},
        "tax": tax_figures,
        "harvest": [f for f in found if f],
        "schedule_d": {"2024": schedule_d(of_2024), "2025": schedule_d(of_2025)},
        "reconcile": {
            "lines": [
                {
                    "form_line": "Kraken/K-1001/2025/1",
                    "status": "matched",
                    "box": "J",
                    "codes": "",
                    "reasons": [],
                    "differences": {},
                },
                {
                    "form_line": "Kraken/K-1001/2025/2",
                    "status": "matched",
                    "box": "HK",
                    "codes": "",
                    "reasons": ["basis_unknown_to_broker"],
                    "differences": {},
                },
                {
                    "form_line": "Kraken/K-1001/2025/3",
                    "status": "matched_with_difference",
                    "box": "HK",
                    "codes": "E",
                    "reasons": ["fee_treatment", "basis_unknown_to_broker"],
                    "differences": {"proceeds_usd": "-20.80"},
                },
                {
                    "form_line": "Kraken/K-1001/2025/4",
                    "status": "missing_in_ledger",
                    "box": None,
                    "codes": "",
                    "reasons": ["missing_in_ledger"],
                    "differences": {},
                },
            ],
            "gaps": [
                ["basis_unknown_to_broker", "info", None],
                ["basis_unknown_to_broker", "info", None],
                ["fee_treatment", "info", "-20.80"],
                ["missing_in_ledger", "wrong", "1000.00"],
                ["missing_on_form", "check", "2191.20"],
                ["missing_on_form", "info", "8.25"],
                *(["not_a_broker_sale", "info", money(sum(x))] for x in at_the_wallet().values()),
            ],
        },
    }
    note.append("\n## Schedule D\n")
    for year, lines in expected["schedule_d"].items():  # type: ignore[attr-defined]
        for number, columns in lines.items():
            note.append(f"- {year} line {number}: (d) {columns[0]} (e) {columns[1]} (g) {columns[2]} (h) {columns[3]}")
    head = [
        "# The demo's story, worked by spreadsheet",
        "",
        "Made by `worksheet.py` beside this page, which shares no code with the product. Prices are",
        "constant within a quarter; 0.01 BTC is bought each Monday from 2024-01-08 to 2026-10-26, with a",
        "fee of 0.4%, so a lot costs 1.004 x 0.01 x price: 481.92, 642.56, 602.40, 702.80, 963.84, 522.08,",
        "1104.40, 1004.00, 903.60, 803.20, 953.80, 1054.20 by quarter. Dates are New York's.",
        "",
    ]
    (HERE / "worksheet.md").write_text("\n".join([*head, *note]) + "\n", encoding="utf-8")
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
