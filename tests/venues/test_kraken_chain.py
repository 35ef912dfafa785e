"""Kraken's running balance proves, row by row, that none is missing."""

from __future__ import annotations

import random
from pathlib import Path

from connectors.exchanges.kraken_chain import breaks
from connectors.records import RawRecord
from syncer.store import records
from tests.venues.contract import pulled_from
from tests.venues.kraken import LocalKraken
from tests.venues.life import DAY_MS


def row(native_id: str, amount: str, fee: str, balance: str, asset: str = "XXBT") -> RawRecord:
    body = f'{{"asset":"{asset}","amount":"{amount}","fee":"{fee}","balance":"{balance}"}}'
    return RawRecord("k", "ledgers", native_id, None, body)


CHAIN = (
    row("L1", "1.0000", "0", "1"),
    row("L2", "-0.4", "0.01", "0.59"),
    row("L3", "0.41", "0", "1.00"),
    row("L4", "-1", "0", "0"),
    row("L5", "0.25", "0", "0.25"),
)


def test_a_whole_chain_holds_in_any_order() -> None:
    for _ in range(20):
        assert breaks(random.sample(CHAIN, len(CHAIN))) == {}


def test_any_missing_row_but_the_last_is_told() -> None:
    for missing in CHAIN[:-1]:
        found = breaks(r for r in CHAIN if r is not missing)
        assert set(found) == {"BTC"}, missing
    assert breaks(CHAIN[:-1]) == {}  # the reported balance shows that one


def test_the_sentence_says_where() -> None:
    assert breaks((CHAIN[0], CHAIN[2])) == {
        "BTC": "the running balance of XXBT breaks before L3 of an unknown time: it starts from "
        "0.59, which no row has reached"
    }


def test_rows_without_a_balance_prove_nothing() -> None:
    mute = RawRecord("k", "ledgers", "L9", None, '{"asset":"XXBT","amount":"1","fee":"0"}')
    assert breaks((CHAIN[0], CHAIN[2], mute)) == {}


async def test_a_row_that_the_venue_withholds_breaks_the_chain_until_it_comes(
    tmp_path: Path,
) -> None:
    local = LocalKraken(random.Random(11))
    local.live(40, 90 * DAY_MS)
    with pulled_from(local, tmp_path) as pulled:
        usd = [i for i, r in local.book.ledgers.items() if r["asset"] == "ZUSD"]
        withheld = local.book.ledgers.pop(usd[3])
        gap = await pulled.pull()
        assert gap.proof is not None
        assert (gap.proof.gaps, gap.proof.breaks) == (1, ("USD",))
        with pulled.database.read() as connection:
            (told,) = [b for b in records.reported_balances(connection) if b.asset == "USD"]
        assert told.detail is not None
        assert told.detail.startswith("the running balance of ZUSD breaks before L")
        local.book.ledgers[usd[3]] = withheld
        local.now += DAY_MS  # all is read again daily while a gap stays
        done = await pulled.pull()
        assert done.proof is not None
        assert (done.proof.gaps, done.proof.breaks) == (0, ())
