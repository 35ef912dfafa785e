"""Statements: known by their header alone, read row by row, placed, and refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.accounts import Account
from config.errors import DataError
from config.sections import Chain
from config.settings import Settings
from connectors.brokers.readers import File
from connectors.files import detect, statement
from connectors.files.formats import FORMATS, account_of
from connectors.files.places import whose
from connectors.records import RawRecord, Translation, exact
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from syncer.ledger.values import value
from tests.conftest import Run
from tests.files.samples import (
    COINBASE,
    COINTRACKER,
    EXPLORER,
    KOINLY,
    OTHER,
    OWN,
    RAWTX,
    SAMPLES,
    Told,
)

SETTINGS = Settings(
    chains={"ethereum": Chain(chain_id=1, rpc=("http://127.0.0.1:1",))},
    account=(Account(name="w", kind="wallet", addresses=(OWN,), chains=("ethereum",)),),
)


def _read(text: str, account: str | None = None) -> tuple[str, list[RawRecord], list[str]]:
    found = detect.detect(File("x.csv", text.encode()), None)
    assert found.statement
    format_, sheet = found.statement
    place = whose(format_, sheet, SETTINGS, account)
    return format_.name, *statement.read(format_, sheet, place.account, place.own)


def _translated(records: list[RawRecord]) -> Translation:
    return statement.translate(FORMATS, records, account_of(records[0].source))


def _told(text: str, account: str | None = None) -> tuple[str, list[Told]]:
    """The format, and (kind, asset, quantity, role) of each entry in order of time."""
    name, records, sentences = _read(text, account)
    assert sentences == []
    found = _translated(records)
    assert found.problems == ()
    entries = sorted(found.entries, key=lambda e: (e.at, e.group, e.role == "fee", e.quantity))
    return name, [(e.kind, e.asset, format(e.quantity, "f"), e.role) for e in entries]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_statement_is_known_by_its_header_and_read(name: str) -> None:
    text, account, expected = SAMPLES[name]
    assert _told(text, account) == (name.split(" ")[0], expected)


def test_every_format_has_a_sample() -> None:
    assert {n.split(" ")[0] for n in SAMPLES} == set(FORMATS)


def test_rows_of_one_hash_in_several_files_are_one_event() -> None:
    """A swap: tokens went out in one file, the chain's coin came in another, gas in a third."""
    sent = f'"0xad","4","1738000300","2025-01-27","{OWN}","{OTHER}","","0","0","$1","0.002","1","1","","","Swap"'
    tokens = (
        SAMPLES["explorer-tokens"][0].replace("0xaf", "0xad").replace("1738000500", "1738000300")
    )
    records = [
        r
        for text in (f"{EXPLORER}\n{sent}\n", SAMPLES["explorer-internal"][0], tokens)
        for r in _read(text)[1]
    ]
    assert {r.source for r in records} == {"file:explorer:w@ethereum"}
    entries = [e for e in _translated(records).entries if e.group == "0xad"]
    assert sorted((e.asset, str(e.quantity), e.role) for e in entries) == [
        ("ETH", "-0.002", "fee"),
        ("ETH", "0.25", "principal"),
        ("USDC", "-5000.5", "principal"),
    ]


def test_a_bad_row_is_kept_and_shown_and_the_rest_goes_in(
    run: Run, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "koinly.csv"
    good = "2025-01-05 10:00:00,3000,USD,20,SOL,,,,,,,"
    file.write_text(f"{KOINLY}\n{good}\n2025-13-05,1,SOL,,,,,,,,,\n2025-02-05,x,SOL,,,,,,,,,\n")
    done = run("import", str(file), "--account", "w", config=config)
    assert done.code == 1
    assert "koinly.csv: line 3: Date is not an ISO 8601 time: '2025-13-05'" in done.err
    assert "koinly.csv: line 4: Sent Amount is not a number: 'x'" in done.err
    assert "3 rows, 3 new records" in done.out
    status = run("status", "--json", config=config).json["status"]
    assert len(status["sources"][0]["problems"]) == 2
    assert len(run("events", "--json", config=config).json["events"]) == 1


@pytest.mark.parametrize(
    ("text", "account", "sentence"),
    [
        (
            f"{KOINLY}\n2025-01-05,1,SOL,,,,,,,,,\n",
            None,
            "does not say whose it is; give --account",
        ),
        (
            KOINLY.replace("Received Amount", "Got") + "\n1,2,3\n",
            "w",
            "nearest is koinly: it lacks the column Received Amount (then",
        ),
        (
            "Activity Date,Process Date,Settle Date,Instrument,Description,Trans Code,Quantity,Price,"
            "Amount\n1/2/2025,1/2/2025,1/2/2025,BTC,Fund,Buy,1,$1,($1)\n",
            "r",
            "tells of no coins; ask Robinhood for your data",
        ),
        (SAMPLES["explorer-tokens"][0], None, "say whose wallet it is"),
    ],
)
def test_a_file_that_cannot_be_placed_is_refused_with_what_to_do(
    text: str, account: str | None, sentence: str, run: Run, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text)
    given = ("--account", account) if account else ()
    done = run("import", str(file), *given, config=config)
    assert (done.code, sentence in done.err) == (2, True), done.err


# ---- what a reader found


def _two(first: str, second: str, account: str | None = None) -> Translation:
    """Both files of one account, as they are stored."""
    records = {}
    for text in (first, second):
        for record in _read(text, account)[1]:
            records[record.source, record.stream, record.native_id] = record
    return _translated(list(records.values()))


def test_conversions_without_an_id_do_not_pair_and_a_lone_leg_is_whole() -> None:
    head = SAMPLES["coinbase-before-ids"][0].splitlines()[0]
    rows = [
        f"2020-08-2{n}T15:02:48Z,Convert,LTC,0.{n}5,52.00,18.13,18.20,0.07,"
        f"Converted 0.{n}5 LTC to 0.001{n} BTC"
        for n in (3, 4)
    ]
    _, told = _told("\n".join([head, *rows]))
    assert [q for _, a, q, _ in told if a == "BTC"] == ["0.0013", "0.0014"]
    received = SAMPLES["coinbase"][0].splitlines()
    lone = "\n".join([received[3], received[7]])
    assert _told(lone)[1] == [
        ("trade", "USDC", "-77.58", "principal"),
        ("trade", "BTC", "0.0008", "principal"),
    ]


def test_dollars_that_were_paid_are_the_cost_whatever_a_market_says() -> None:
    text = (
        '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance","amountusd"\n'
        '"L1","T1","2026-03-03 10:00:00","trade","","c","USD",-100,0,0,-100\n'
        '"L2","T1","2026-03-03 10:00:00","trade","","c","ALGO",320,0,0,95\n'
    )
    event = name_events(_translated(_read(text)[1]).entries, (), Treatments())
    (valued,) = value(event, {})
    assert {g.asset: g.usd for g in valued.legs} == {"USD": 100, "ALGO": 100}
    koinly = f"{KOINLY}\n2025-01-05 10:00:00,1000,USD,0.02,BTC,,,995,USD,,,\n"
    (trade,) = name_events(_translated(_read(koinly, "w")[1]).entries, (), Treatments())
    assert [g.usd for g in trade.legs] == [None, None]


def test_the_same_row_in_another_export_is_the_same_row() -> None:
    internal = SAMPLES["explorer-internal"][0]
    later = internal.replace("@ $2038.09/Eth", "@ $2600.00/Eth")
    assert len(_two(internal, later).entries) == 1
    old = SAMPLES["explorer-tokens"][0]
    new = old.replace("Txhash", "Transaction Hash").replace('"Value"', '"TokenValue"')
    assert len(_two(old, new).entries) == 1
    app = SAMPLES["cryptocom-app"][0]
    assert len(_two(app, app.replace(",Transaction Hash", "")).entries) == 6
    wrapped = (
        f"{COINBASE}\nw1,2025-03-05 14:22:01 UTC,Wrap Asset,ETH,-1,USD,$1,$1,$1,$0,\n"
        "w1,2025-03-05 14:22:01 UTC,Wrap Asset,CBETH,0.92,USD,$1,$1,$1,$0,\n"
    )
    part = "\n".join(wrapped.splitlines()[::2]) + "\n"
    assert sorted(e.quantity for e in _two(wrapped, part).entries) == [-1, exact("0.92", "q")]


def test_what_was_not_filled_is_no_trade_and_what_failed_leaves_nothing() -> None:
    orders = SAMPLES["robinhood-orders"][0].replace("Filled", "Rejected")
    assert _told(orders, "r")[1] == []
    text = (
        '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"\n'
        '"L1","R9","2024-03-03 10:00:00","withdrawal","","c","ATOM",-5,0.1,0\n'
        '"L2","R9","2024-03-04 10:00:00","withdrawal","","c","ATOM",5,-0.1,0\n'
    )
    (event,) = name_events(_translated(_read(text)[1]).entries, (), Treatments())
    assert event.legs == ()


def test_raw_conversions_of_one_second_pair_by_what_they_are_worth() -> None:
    text = f"""\
{RAWTX}
b,Converted from,2021-02-09T03:02:54Z,,,,,ETH,0.3,499.99
a,Converted to,2021-02-09T03:02:54Z,UNI,25.7,499.99,Coinbase,,,
c,Converted from,2021-02-09T03:03:30Z,,,,,LTC,1,60
d,Converted to,2021-02-09T03:03:31Z,BTC,0.001,60,Coinbase,,,
"""
    pairs: dict[str, set[str]] = {}
    for entry in _translated(_read(text)[1]).entries:
        pairs.setdefault(entry.group, set()).add(entry.asset)
    assert sorted(map(sorted, pairs.values())) == [["BTC", "LTC"], ["ETH", "UNI"]]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("Staking Income,ETH,-0.01", "unknown:negative staking income"),
        ("Receive,BTC,-0.5", "unknown:negative receive"),
        ("Buy,BTC,-0.5", "unknown:negative buy"),
    ],
)
def test_a_sign_against_its_word_asks(row: str, kind: str) -> None:
    text = f"{COINBASE}\nz,2025-03-05 14:22:01 UTC,{row},USD,$1,$20,$20,$0,\n"
    assert [k for k, *_ in _told(text)[1]] == [kind]


def test_kraken_words_of_today_are_the_same_coins() -> None:
    text = (
        '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"\n'
        + "".join(
            f'"L{n}","D{n}","2024-03-0{n} 10:00:00","deposit","","c","{word}",1,0,0\n'
            for n, word in enumerate(("BTC", "DOGE", "ATOM21.S", "ZAUD"), 1)
        )
    )
    assert [a for _, a, _, _ in _told(text)[1]] == ["BTC", "DOGE", "ATOM", "AUD"]


def test_a_large_file_is_held_once_and_odd_ones_are_refused() -> None:
    head = '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"'
    rows = [f'"L{n}","D{n}","2024-03-01 10:00:00","deposit","","c","ADA",1,0,0' for n in range(3)]
    sheets = list(statement.sheets("\n".join([head, *rows])))
    assert all(s.text is sheets[0].text for s in sheets)
    millis = SAMPLES["explorer-tokens"][0].replace("1738000500", "1738000500000")
    assert "no time in seconds" in _read(millis)[2][0]
    foreign = SAMPLES["explorer-transactions"][0].replace(OWN, "0x" + "3" * 40)
    assert all("neither From nor To" in s for s in _read(foreign, "w@ethereum")[2])
    export = COINTRACKER.replace("Tag", "Tag,Type,Ignored")
    with pytest.raises(DataError, match="not known"):
        _read(f"{export}\n06/20/2024,1,ETH,,,,,,RECEIVE,true\n", "w")
