"""What holds for any history: nothing is lost, nothing is doubled, order of arrival is nothing."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from config.exact import ZERO, cents
from connectors.records import Entry
from syncer.events import Event
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from syncer.ledger.values import Quote, value
from syncer.lots.engine import replay
from syncer.lots.methods import METHODS
from syncer.lots.model import Holding, Replay
from syncer.lots.pools import Queue
from syncer.lots.terms import StandingOrder, Terms

START = datetime(2024, 1, 1, tzinfo=UTC)
ACCOUNTS = ("a", "b")
COINS = ("BTC", "ETH")
ZONE = ZoneInfo("America/New_York")

quantities = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-4))
dollars = st.integers(1, 10**7).map(lambda n: Decimal(n).scaleb(-2))


@st.composite
def entry_groups(draw: st.DrawFn) -> list[Entry]:
    """Buys, sells, swaps, rewards and both halves of transfers, at any times."""
    entries: list[Entry] = []
    for number in range(draw(st.integers(1, 25))):
        at = START + timedelta(hours=draw(st.integers(0, 20_000)))
        account, coin = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(COINS))
        other_coin = COINS[1 - COINS.index(coin)]
        units, usd, fee = draw(quantities), draw(dollars), draw(dollars) / 100
        kind = draw(st.sampled_from(("buy", "sell", "swap", "reward", "move", "gas")))
        group = f"g{number}"

        def entry(
            asset: str,
            quantity: Decimal,
            role: str = "principal",
            kind: str = "trade",
            account: str = account,
            group: str = group,
            at: datetime = at,
            number: int = number,
        ) -> Entry:
            moved = (account, asset, quantity, at, role, kind)
            return Entry("s", group, *moved, group, txid=f"tx{number}")  # type: ignore[arg-type]

        if kind == "buy":
            entries += [entry("USD", -usd), entry(coin, units), entry("USD", -fee, "fee")]
        elif kind == "sell":
            entries += [entry("USD", usd), entry(coin, -units), entry("USD", -fee, "fee")]
        elif kind == "swap":
            entries += [entry(other_coin, units), entry(coin, -units), entry(coin, -fee, "fee")]
        elif kind == "reward":
            entries.append(entry(coin, units, kind="income:staking"))
        elif kind == "gas":
            entries.append(entry(coin, -fee, "fee", kind="failed"))
        else:
            target = ACCOUNTS[1 - ACCOUNTS.index(account)]
            later = at + timedelta(minutes=draw(st.integers(0, 60)))
            entries += [
                entry(coin, -units, kind="withdrawal"),
                entry(coin, -fee, "fee", kind="withdrawal"),
                entry(coin, units, kind="deposit", account=target, group=group + "in", at=later),
            ]
    return entries


def derived(entries: list[Entry], rule: str | None = None) -> tuple[list[Event], Replay]:
    events = name_events(entries, (), Treatments())
    prices = {(c, e.at): Quote(Decimal("123.45"), "test") for c in COINS for e in events}
    orders = [StandingOrder(a, None, rule, START, "proved") for a in ACCOUNTS] if rule else []
    valued = value(events, prices)
    return valued, replay(valued, Terms(ZONE, orders=orders))


@settings(max_examples=150, deadline=None)
@given(entry_groups(), st.sampled_from([None, "lifo", "hifo", "lofo"]))
def test_quantities_and_basis_are_conserved(entries: list[Entry], rule: str | None) -> None:
    events, result = derived(entries, rule)
    acquired: dict[str, Decimal] = defaultdict(lambda: ZERO)
    cost: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for event in events:
        if event.kind in ("buy", "trade") or event.kind.startswith("income"):
            for leg in event.coming():
                acquired[leg.asset] += leg.quantity
                fees = sum((f.usd or ZERO for f in event.fees()), ZERO)
                cost[leg.asset] += cents((leg.usd or ZERO) + (fees if event.kind == "buy" else 0))
    for coin in COINS:
        sold = [d for d in result.disposals if d.asset == coin]
        known = sum((d.quantity for d in sold if d.basis_usd is not None), ZERO)
        left = sum((x.quantity for x in result.lots if x.asset == coin), ZERO)
        assert known + left == acquired[coin]
        used = sum((d.basis_usd for d in sold if d.basis_usd is not None), ZERO)
        assert used + sum((x.basis_usd for x in result.lots if x.asset == coin), ZERO) == cost[coin]
    assert all(x.quantity > 0 and x.basis_usd >= 0 for x in result.lots)
    assert not any(e.kind in ("deposit", "withdrawal") for e in events)  # all halves found


@settings(max_examples=150, deadline=None)
@given(entry_groups())
def test_every_disposal_has_a_lot_or_a_flag_and_slices_add_up(entries: list[Entry]) -> None:
    events, result = derived(entries)
    wanted: dict[str, Decimal] = defaultdict(lambda: ZERO)
    proceeds: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for d in result.disposals:
        assert (d.lot_id is None) == ("oversold" in d.gaps) == (d.gain_usd is None)
        wanted[d.event_id] += d.quantity
        proceeds[d.event_id] += d.proceeds_usd or ZERO
    for event in events:
        if event.kind == "sell":
            (out,), (money,) = event.leaving(), event.coming()
            fees = sum((f.usd or ZERO for f in event.fees()), ZERO)
            assert wanted[event.event_id] == -out.quantity
            assert proceeds[event.event_id] == cents((money.usd or ZERO) - fees)


@settings(max_examples=100, deadline=None)
@given(entry_groups(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(entries: list[Entry], random: object) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert derived(shuffled) == derived(entries)


@settings(max_examples=60, deadline=None)
@given(entry_groups(), st.integers(0, 20_000))
def test_replay_up_to_a_day_knows_nothing_of_later_events(entries: list[Entry], hour: int) -> None:
    until = START + timedelta(hours=hour)
    events, _ = derived(entries)
    early = [e for e in events if e.at <= until]
    terms = Terms(ZONE)
    whole, cut = replay(events, terms, until), replay(early, terms, until)
    assert whole == cut


class _Naive:
    """The queue by the book: sort all that is left at every sale."""

    def __init__(self) -> None:
        self.held: list[Holding] = []

    def take(self, quantity: Decimal, rule: str) -> list[tuple[str, Decimal]]:
        found = []
        for holding in sorted((h for h in self.held if h.left), key=METHODS[rule]):
            part = min(quantity, holding.left)
            if part:
                found.append((holding.lot_id, holding.take(part).quantity))
            quantity -= part
        return found


lot_facts = st.tuples(st.integers(0, 50), st.integers(1, 9), st.integers(0, 9))
moves = st.lists(
    st.one_of(
        lot_facts,
        st.tuples(st.sampled_from(sorted(METHODS)), st.integers(1, 30)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(moves)
def test_queue_takes_what_sorting_at_every_sale_would(moves: list[tuple[object, ...]]) -> None:
    queue, naive = Queue(), _Naive()
    for number, move in enumerate(moves):
        if isinstance(move[0], str):
            wanted = Decimal(move[1])  # type: ignore[arg-type]
            slices, short = queue.take(wanted, move[0])
            assert [(s.holding.lot_id, s.quantity) for s in slices] == naive.take(wanted, move[0])
            assert short == wanted - sum((s.quantity for s in slices), ZERO)
        else:
            day, units, basis = (int(str(m)) for m in move)
            at = START + timedelta(days=day)
            for place in (queue.add, naive.held.append):
                place(Holding(f"l{number:03}", "a", "X", at, Decimal(units), Decimal(basis), "e"))
        left = sum((h.left for h in naive.held), ZERO)
        assert queue.units == left == sum((h.left for h in queue), ZERO)
