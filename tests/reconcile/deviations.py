"""Deviations to plant in a year at three brokers, each on sales of its own late in December: what a
reconciliation must find, and name, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from syncer.events import Event, Leg
from syncer.lots.terms import StandingOrder
from tests.reconcile.brokers import CENT, COINS, Bought, D, World, local

Plant = Callable[[World], None]


def _late(world: World, day: int) -> datetime:
    return datetime(2025, 12, day, 16, world.random.randrange(60), tzinfo=UTC)


def _own_coin(world: World, account: str, name: str) -> tuple[str, Decimal]:
    """A coin of the broker's own that nothing else touches, bought in 2024."""
    coin = f"{account}:{name}"
    COINS.setdefault(coin, (name, D(10)))
    units = D(world.random.randrange(100, 900))
    world.buy(account, coin, units, world.some_time(date(2024, 2, 1), date(2024, 6, 1)))
    return coin, units


def _plain_sale(world: World, name: str, account: str = "a") -> tuple[Any, ...]:
    coin, units = _own_coin(world, account, name)
    at = _late(world, 22)
    one, proceeds, fee = world.sell(account, coin, units, at)
    (line,) = world.form(account, coin, units, at, proceeds)
    return one, line, proceeds, fee, coin, units, at


def transferred_in_order(world: World) -> None:
    coin, units = _own_coin(world, "b", "TIO")
    world.buy("w", coin, units, datetime(2022, 5, 5, 15, tzinfo=UTC))
    came = datetime(2025, 9, 1, 15, tzinfo=UTC)
    world.event(
        "transfer",
        came,
        Leg("w", coin, -units, "principal"),
        Leg("b", coin, units, "principal"),
    )
    world.books["b", coin].append(Bought(local(came), units, None))
    at = _late(world, 23)
    _, proceeds, _ = world.sell("b", coin, units, at)
    (line,) = world.form("b", coin, units, at, proceeds)
    world.named.add((line.key, "transferred_in_order"))


def method_difference(world: World) -> None:
    coin, units = _own_coin(world, "a", "MDF")
    # dearer and later: highest basis first takes it
    later = datetime(2024, 11, 11, 15, tzinfo=UTC)
    world.buy("a", coin, units, later, times=5)
    effective = datetime(2025, 1, 2, tzinfo=UTC)
    world.orders.append(StandingOrder("a", coin, "hifo", effective, "attested"))
    at = _late(world, 23)
    _, proceeds, _ = world.sell("a", coin, units, at)
    (line,) = world.form("a", coin, units, at, proceeds)
    world.named.add((line.key, "method_difference"))


def fee_treatment(world: World) -> None:
    _, line, proceeds, fee, *_ = _plain_sale(world, "FTR")
    world.swap_line(line, proceeds=proceeds + fee)
    world.named.add((line.key, "fee_treatment"))


def purchase_fee_left_out(world: World) -> None:
    coin, units = _own_coin(world, "a", "PFE")
    bought = world.events[-1]
    at = _late(world, 22)
    _, proceeds, _ = world.sell("a", coin, units, at)
    (line,) = world.form("a", coin, units, at, proceeds)
    fee = sum((f.usd or D(0) for f in bought.fees()), D(0))
    world.swap_line(line, basis=line.basis - fee if line.basis else None)
    world.named.add((line.key, "fee_treatment"))


def fee_units(world: World) -> None:
    coin, units = _own_coin(world, "b", "FUN")
    at = _late(world, 22)
    sold, fee = units - 10, D(10)
    usd, fee_usd = (sold * 12).quantize(CENT), (fee * 12).quantize(CENT)
    world.event(
        "trade",
        at,
        Leg("b", coin, -sold, "principal", usd),
        Leg("b", "b:FUO", D(5), "principal", usd),
        Leg("b", coin, -fee, "fee", fee_usd),
    )
    (line,) = world.form("b", coin, units, at, usd)
    world.named.add((line.key, "fee_units"))


def time_zone(world: World) -> None:
    coin, units = _own_coin(world, "g", "TZN")
    at = datetime(2025, 12, 17, 3, 30, tzinfo=UTC)  # the evening of the 16th in New York
    _, proceeds, _ = world.sell("g", coin, units, at)
    (line,) = world.form("g", coin, units, at, proceeds)
    world.swap_line(line, sold=date(2025, 12, 17))
    world.named.add((line.key, "time_zone"))


def _stablecoins(world: World, account: str, amounts: list[int]) -> list[tuple[Event, Decimal]]:
    whole = D(sum(amounts) + 5000)
    at = datetime(2024, 3, 3, 15, tzinfo=UTC)
    world.event(
        "buy",
        at,
        Leg(account, "USD", -whole, "principal", whole),
        Leg(account, "USDC", whole, "principal", whole),
    )
    found = []
    for number, amount in enumerate(amounts):
        when = datetime(2025, 3, 1 + number, 15, tzinfo=UTC)
        one, proceeds, _ = world.sell(account, "USDC", D(amount), when, "0")
        found.append((one, proceeds))
    return found


def optional_aggregate(world: World) -> None:
    sales = _stablecoins(world, "g", [6000, 4000, 2500])
    swap = world.event(
        "trade",
        datetime(2025, 5, 5, 15, tzinfo=UTC),
        Leg("g", "USDC", D(-3000), "principal", D(3000)),
        Leg("g", "g:OAG", D(7), "principal", D(3000)),
    )
    line = world.line(
        "g",
        "USDC",
        name="USD Coin",
        units=D(12500),
        proceeds=sum((p for _, p in sales), D(0)),
        aggregate="stablecoin",
        transaction_count=3,
    )
    world.named.add((line.key, "optional_aggregate"))
    world.silent.add((swap.event_id, "optional_aggregate"))


def below_de_minimis(world: World) -> None:
    for one, _ in _stablecoins(world, "b", [3000, 2000]):
        world.silent.add((one.event_id, "below_de_minimis"))


def deferred_n2024_57(world: World) -> None:
    coin, units = _own_coin(world, "b", "DEF")
    one = world.event(
        "trade",
        _late(world, 21),
        Leg("b", coin, -units, "principal", units * 11),
        Leg("b", "b:wDEF", units, "principal", units * 11),
        rests_on=("[treatment] wrap = exchange",),
    )
    world.silent.add((one.event_id, "deferred_n2024_57"))


def not_a_broker_sale(world: World) -> None:
    world.buy("w", "ETH", D(3), datetime(2024, 4, 4, 15, tzinfo=UTC))
    one, *_ = world.sell("w", "ETH", D(1), _late(world, 20))
    world.silent.add((one.event_id, "not_a_broker_sale"))


def basis_unknown_to_broker(world: World) -> None:
    _, line, *_ = _plain_sale(world, "BUN")
    boxes = {"basis": None, "basis_reported": False, "acquired": None, "term": None}
    world.swap_line(line, noncovered=True, **boxes)
    world.named.add((line.key, "basis_unknown_to_broker"))


def informational_basis(world: World) -> None:
    _, line, *_ = _plain_sale(world, "INF", "b")
    world.swap_line(line, basis=(line.basis or D(0)) + D("123.45"), basis_reported=False)
    world.named.add((line.key, "informational_basis"))


def wrong_term(world: World) -> None:
    _, line, *_ = _plain_sale(world, "WTM", "g")
    world.swap_line(line, term="short")
    world.named.add((line.key, "wrong_term"))


def transfer_reported_as_sale(world: World) -> None:
    coin, units = _own_coin(world, "a", "TRS")
    at = _late(world, 21)
    world.event(
        "transfer", at, Leg("a", coin, -units, "principal"), Leg("w", coin, units, "principal")
    )
    line = world.line("a", coin, units=units, sold=local(at), proceeds=units * 9, noncovered=True)
    world.named.add((line.key, "transfer_reported_as_sale"))


def duplicate_line(world: World) -> None:
    _, line, *_ = _plain_sale(world, "DUP", "b")
    again = replace(line, line=str(len(world.lines) + 1))
    world.lines.append(again)
    world.named.add((again.key, "duplicate_line"))


def broker_error(world: World) -> None:
    _, line, proceeds, *_ = _plain_sale(world, "BER")
    world.swap_line(line, proceeds=proceeds * 100)
    world.named.add((line.key, "broker_error"))


def missing_in_ledger(world: World) -> None:
    _own_coin(world, "a", "MIL")
    line = world.line(
        "a", "a:MIL", units=D("7.5"), sold=date(2025, 12, 5), proceeds=D("80.00"), noncovered=True
    )
    world.named.add((line.key, "missing_in_ledger"))


def unexplained(world: World) -> None:
    _, line, proceeds, fee, *_ = _plain_sale(world, "UNX", "g")
    more = fee + D("37.19")
    world.swap_line(line, proceeds=proceeds + more)
    world.named.add((line.key, "unexplained"))
    world.unexplained += more


def missing_on_form(world: World) -> None:
    coin, units = _own_coin(world, "a", "MOF")
    one, *_ = world.sell("a", coin, units, _late(world, 19))
    world.silent.add((one.event_id, "missing_on_form"))


DEVIATIONS: dict[str, Plant] = {
    p.__name__: p
    for p in (
        *(transferred_in_order, method_difference, fee_treatment, purchase_fee_left_out),
        *(fee_units, time_zone, optional_aggregate, below_de_minimis, deferred_n2024_57),
        *(not_a_broker_sale, basis_unknown_to_broker, informational_basis, wrong_term),
        *(transfer_reported_as_sale, duplicate_line, broker_error, missing_in_ledger),
        *(unexplained, missing_on_form),
    )
}
