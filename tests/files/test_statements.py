"""One sample of each statement, by header alone, and what its rows mean. All values are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import DataError
from config.settings import Account, Chain, Settings
from connectors.files import detect, statement
from connectors.files.cells import number, when
from connectors.files.formats import FORMATS, account_of
from connectors.files.places import whose
from connectors.records import RawRecord, Translation, exact
from syncer.ledger.derive import name_events
from syncer.ledger.rules import Treatments
from syncer.ledger.values import value
from tests.conftest import Run

OWN, OTHER = "0x" + "1" * 40, "0x" + "2" * 40
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
SETTINGS = Settings(
    chains={"ethereum": Chain(chain_id=1, rpc=("http://127.0.0.1:1",))},
    account=(Account(name="w", kind="wallet", addresses=(OWN,), chains=("ethereum",)),),
)
Told = tuple[str, str, str, str]


def _read(text: str, account: str | None = None) -> tuple[str, list[RawRecord], list[str]]:
    found = detect.detect(text, "x.csv", None)
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


COINBASE = (
    "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,"
    "Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes"
)
RAWTX = (
    "Transaction ID,Transaction Type,Date & time,Asset Acquired,"
    '"Quantity Acquired (Bought, Received, etc)",Cost Basis (incl. fees and/or spread) (USD),'
    'Data Source,"Asset Disposed (Sold, Sent, etc)",Quantity Disposed,'
    "Proceeds (excl. fees and/or spread) (USD)"
)
GEMINI = (
    "Date,Time (UTC),Type,Symbol,Specification,Liquidity Indicator,Trading Fee Rate (bps),"
    "USD Amount USD,Fee (USD) USD,USD Balance USD,BTC Amount BTC,Fee (BTC) BTC,BTC Balance BTC,"
    "Trade ID,Order ID,Order Date,Order Time,Client Order ID,API Session,Tx Hash,"
    "Deposit Destination,Deposit Tx Output,Withdrawal Destination,Withdrawal Tx Output"
)
BINANCEUS = (
    "User_Id,Time,Category,Operation,Order_Id,Transaction_Id,Primary_Asset,"
    "Realized_Amount_For_Primary_Asset,Realized_Amount_For_Primary_Asset_In_USD_Value,Base_Asset,"
    "Realized_Amount_For_Base_Asset,Realized_Amount_For_Base_Asset_In_USD_Value,Quote_Asset,"
    "Realized_Amount_For_Quote_Asset,Realized_Amount_For_Quote_Asset_In_USD_Value,Fee_Asset,"
    "Realized_Amount_For_Fee_Asset,Realized_Amount_For_Fee_Asset_In_USD_Value,Payment_Method,"
    "Withdrawal_Method,Additional_Note"
)
CRYPTOCOM = (
    "Timestamp (UTC),Transaction Description,Currency,Amount,To Currency,To Amount,"
    "Native Currency,Native Amount,Native Amount (in USD),Transaction Kind,Transaction Hash"
)
EXPLORER = (
    '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","To","ContractAddress",'
    '"Value_IN(ETH)","Value_OUT(ETH)","CurrentValue @ $2038.09/Eth","TxnFee(ETH)","TxnFee(USD)",'
    '"Historical $Price/Eth","Status","ErrCode","Method"'
)
INTERNAL = (
    '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","ParentTxFrom","ParentTxTo",'
    '"ParentTxETH_Value","From","TxTo","ContractAddress","Value_IN(ETH)","Value_OUT(ETH)",'
    '"CurrentValue @ $2038.09/Eth","Historical $Price/Eth","Status","ErrCode","Type"'
)
KOINLY = (
    "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,"
    "Net Worth Amount,Net Worth Currency,Label,Description,TxHash"
)
COINTRACKER = "Date,Received Quantity,Received Currency,Sent Quantity,Sent Currency,Fee Amount,Fee Currency,Tag"

SAMPLES: dict[str, tuple[str, str | None, list[Told]]] = {
    "coinbase": (
        f"""\

Transactions
User,A Person,1111
{COINBASE}
1a2a,2025-03-05 14:22:01 UTC,Buy,BTC,0.01,USD,"$90,000.00",$900.00,$913.41,$13.41,Bought
1a2c,2025-04-01 10:00:00 UTC,Advanced Trade Sell,SOL,-1,USD,$150.00,-$150.00,-$149.10,$0.90,Sold 1 SOL for 149.10 USDC on SOL-USDC at 150 USDC/SOL
1a2d,2026-01-24 22:14:05 UTC,Convert,USDC,-77.58,USD,$1.00,$77.58,$77.58,$0.00,Converted 77.58 USDC to 0.0008 BTC
1a2d,2026-01-24 22:14:05 UTC,Convert,BTC,0.0008,USD,"$94,250.00",$75.40,$77.58,$2.18,Converted 77.58 USDC to 0.0008 BTC
1a2e,2026-02-01 00:00:00 UTC,Something New,BTC,-0.1,USD,$1.00,$1.00,$1.00,$0.00,
""",
        None,
        [
            ("trade", "USD", "-900.00", "principal"),
            ("trade", "BTC", "0.01", "principal"),
            ("trade", "USD", "-13.41", "fee"),
            ("trade", "SOL", "-1", "principal"),
            ("trade", "USDC", "149.10", "principal"),
            ("trade", "USDC", "-77.58", "principal"),
            ("trade", "BTC", "0.0008", "principal"),
            ("unknown:something new", "BTC", "-0.1", "principal"),
        ],
    ),
    "coinbase-before-ids": (
        """\
Timestamp,Transaction Type,Asset,Quantity Transacted,USD Spot Price at Transaction,USD Subtotal,USD Total (inclusive of fees),USD Fees,Notes
2020-08-24T15:02:48Z,Convert,LTC,0.35,52.00,18.13,18.20,0.07,"Converted 0.35 LTC to 1,200.5 XLM"
2020-09-24T15:02:48Z,Sell,LTC,1,50.00,50.00,48.51,1.49,Sold
2020-10-24T15:02:48Z,Send,LTC,0.5,50.00,"","","",Sent 0.5 LTC to ltc1qexample0
""",
        None,
        [
            ("trade", "LTC", "-0.35", "principal"),
            ("trade", "XLM", "1200.5", "principal"),
            ("trade", "LTC", "-1", "principal"),
            ("trade", "USD", "50.00", "principal"),
            ("trade", "USD", "-1.49", "fee"),
            ("withdrawal", "LTC", "-0.5", "principal"),
        ],
    ),
    "coinbase-raw": (
        f"""\
{RAWTX}
r1,Buy,2021-01-13T22:55:46Z,BTC,0.01,405.99,Coinbase,,,
r2,Converted from,2021-02-09T03:02:54Z,,,,,ETH,0.3,499.99
r3,Converted to,2021-02-09T03:02:55Z,UNI,25.7,499.99,Coinbase,,,
r4,Receive,2021-03-01T00:00:00Z,ETH,1,0,Not available,,,
r5,Sell,2021-04-01T00:00:00Z,,,,,BTC,0.005,250.5
""",
        None,
        [
            ("trade", "USD", "-405.99", "principal"),
            ("trade", "BTC", "0.01", "principal"),
            ("trade", "ETH", "-0.3", "principal"),
            ("trade", "UNI", "25.7", "principal"),
            ("deposit", "ETH", "1", "principal"),
            ("trade", "BTC", "-0.005", "principal"),
            ("trade", "USD", "250.5", "principal"),
        ],
    ),
    "kraken-ledgers": (
        """\
"txid","refid","time","type","subtype","aclass","subclass","asset","wallet","amount","fee","balance","amountusd","feeusd","balanceusd","feecurrency"
"","A1","2026-03-02 10:00:00","withdrawal","","currency","crypto","ALGO","spot / main",-5,0,"","","","",""
"L1","T1","2026-03-03 10:00:00","trade","tradespot","currency","fiat","USD","spot / main",-120.0,0.48,879.52,-120.0,0.48,879.52,"USD"
"L2","T1","2026-03-03 10:00:00","trade","tradespot","currency","crypto","ALGO","spot / main",320.0,0.0,320.0,120.0,0.0,120.0,""
"L3","E1","2026-03-25 14:00:00","earn","reward","currency","crypto","ALGO","earn / bonded",0.35,0.105,320.245,0.13,0.04,119.9,"ALGO"
""",
        None,
        [
            ("trade", "USD", "-120.0", "principal"),
            ("trade", "ALGO", "320.0", "principal"),
            ("trade", "USD", "-0.48", "fee"),
            ("income:staking", "ALGO", "0.35", "principal"),
            ("income:staking", "ALGO", "-0.105", "fee"),
        ],
    ),
    "kraken-trades": (
        """\
"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"
"T1","O1","XXBTZUSD","2023-04-18 09:38:54.1262","buy","limit",30000.0,300.0,0.78,0.01,0.0,"","L1,L2"
"T2","O2","ALGO/EUR","2023-04-19 09:38:54.1262","sell","limit",0.2,20.0,0.05,100,0.0,"","L3,L4"
""",
        None,
        [
            ("trade", "USD", "-300.0", "principal"),
            ("trade", "BTC", "0.01", "principal"),
            ("trade", "USD", "-0.78", "fee"),
            ("trade", "ALGO", "-100", "principal"),
            ("trade", "EUR", "20.0", "principal"),
            ("trade", "EUR", "-0.05", "fee"),
        ],
    ),
    "gemini": (
        f"""\
{GEMINI}
2021-02-19,04:26:23.644,Buy,BTCUSD,Limit,Taker,35.00 ,($519.83),($1.82),"$4,478.35 ",0.01 BTC ,,0.01 BTC ,23461,23460,2021-02-19,04:26:23.643,,,,,,,
2021-03-01,08:00:00.000,Debit,BTC,Withdrawal (BTC),,,,,"$4,478.35 ",(0.01 BTC),0.0 BTC ,0.0 BTC ,,,,,,,abc123,,,bc1qexample,0
,,,,,,,"$5,000.00",,,,,,,,,,,,,,,,
""",
        None,
        [
            ("trade", "USD", "-519.83", "principal"),
            ("trade", "BTC", "0.01", "principal"),
            ("trade", "USD", "-1.82", "fee"),
            ("withdrawal", "BTC", "-0.01", "principal"),
        ],
    ),
    "binanceus": (
        f"""\
{BINANCEUS}
1,2021-05-14 16:08:04,Spot Trading,Buy,o1,t1,"","","",BTC,0.01,500.00,USD,500.00,500.00,BTC,0.00001,0.50,Wallet,"",""
1,2022-01-02 00:07:03.819,Distribution,Staking Rewards,o3,t3,SOL,0.01,1.00,"","","","","","","","","",Wallet,"",""
1,2022-01-02 00:07:03.819,Distribution,Staking Rewards,o4,t4,SOL,-0.003,-0.30,"","","","","","","","","",Wallet,"",""
1,2025-02-25 09:24:37,Buy,Buy,o2,t2,"","","",USD,100,100,BTC,0.00109,97.10,USD,2.60,2.60,ACH,"",""
""",
        None,
        [
            ("trade", "USD", "-500.00", "principal"),
            ("trade", "BTC", "0.01", "principal"),
            ("trade", "BTC", "-0.00001", "fee"),
            ("income:staking", "SOL", "0.01", "principal"),
            ("income:staking", "SOL", "-0.003", "fee"),
            ("trade", "USD", "-97.40", "principal"),
            ("trade", "BTC", "0.00109", "principal"),
            ("trade", "USD", "-2.60", "fee"),
        ],
    ),
    "cryptocom-app": (
        f"""\
{CRYPTOCOM}
2020-12-15 09:25:14,Convert Dust,UNI,-1.3,,,USD,-7.10,-7.10,dust_conversion_debited,
2020-12-15 09:25:14,Convert Dust,CRO,100,,,USD,7.10,7.10,dust_conversion_credited,
2021-07-19 18:56:00,USD -> BTC,USD,-78.01,BTC,0.003,USD,78.01,78.01,viban_purchase,
2021-07-20 18:56:00,Earn,BTC,-0.001,,,USD,-7.10,-7.10,crypto_earn_program_created,
2021-08-20 18:56:00,Top up,BTC,-0.001,USD,50,USD,50,50,card_top_up,
""",
        None,
        [
            ("trade", "UNI", "-1.3", "principal"),
            ("trade", "CRO", "100", "principal"),
            ("trade", "USD", "-78.01", "principal"),
            ("trade", "BTC", "0.003", "principal"),
            ("unseen_pot", "BTC", "-0.001", "principal"),
            ("spend", "BTC", "-0.001", "principal"),
        ],
    ),
    "robinhood-orders": (
        """\
UUID,Time Entered,Symbol,Side,Quantity,State,Order Type,Leaves Quantity,Entered Price,Average Price,Notional
u1,"03/24/2025, 08:17:57",DOGE,Buy,1000,Filled,Market,0E-18,0.1,0.1,($100.00)
u2,"03/25/2025, 08:17:57",DOGE,Sell,500,Canceled,Limit,500,0.1,0,$0.00
u3,"03/26/2025, 08:17:57",DOGE,Sell,500,Filled,Limit,0,0.1,0.1, $50.00
""",
        "robinhood",
        [
            ("trade", "USD", "-100.00", "principal"),
            ("trade", "DOGE", "1000", "principal"),
            ("trade", "DOGE", "-500", "principal"),
            ("trade", "USD", "50.00", "principal"),
        ],
    ),
    "robinhood-transfers": (
        """\
id,created_at,currency_code,transfer_type,amount,network,network_fee,state,to_address,blockchain_txn_id
1,2025-03-24T08:17:57.123-04:00,DOGE,withdrawal,100,DOGECOIN,1.5,succeeded,D123,abc
2,2025-03-25T08:17:57.123-04:00,DOGE,withdrawal,100,DOGECOIN,1.5,failed,D123,
""",
        "robinhood",
        [
            ("withdrawal", "DOGE", "-100", "principal"),
            ("withdrawal", "DOGE", "-1.5", "fee"),
        ],
    ),
    "explorer-transactions": (
        f"""\
{EXPLORER}
"0xaa","1","1738000000","2025-01-27 17:46:40","{OWN}","{OTHER}","","0","1,000.1","$250.00","0.0004","1.20","3100.1","","","Transfer"
"0xab","2","1738000100","2025-01-27 17:48:20","{OTHER}","{OWN}","","0.5","0","$250.00","0.0004","1.20","3100.1","","",""
"0xac","3","1738000200","2025-01-27 17:50:00","{OWN}","{OTHER}","","0","0.7","$250.00","0.0015","1.20","3100.1","Error(0)","Reverted","Swap"
""",
        None,
        [
            ("sent", "ETH", "-1000.1", "principal"),
            ("sent", "ETH", "-0.0004", "fee"),
            ("received", "ETH", "0.5", "principal"),
            ("failed", "ETH", "-0.0015", "fee"),
        ],
    ),
    "explorer-internal": (
        f"""\
{INTERNAL}
"0xad","4","1738000300","2025-01-27 17:51:40","{OWN}","{OTHER}","0","{OTHER}","{OWN}","","0.25","0","$1","1","0","","call"
"0xae","5","1738000400","2025-01-27 17:53:20","{OWN}","{OTHER}","0","{OTHER}","{OWN}","","0.35","0","$1","1","1","","call"
""",
        None,
        [("received", "ETH", "0.25", "principal")],
    ),
    "explorer-tokens": (
        f"""\
"Txhash","UnixTimestamp","DateTime","From","To","Value","ContractAddress","TokenName","TokenSymbol"
"0xaf","1738000500","2025-01-27 17:55:00","{OWN}","{OTHER}","5,000.5","{USDC}","USD Coin","USDC"
""",
        None,
        [("sent", "USDC", "-5000.5", "principal")],
    ),
    "koinly": (
        f"""\
{KOINLY}
2025-01-05 10:00:00,3000,USD,20,SOL,,,3000,USD,,Bought,
2025-02-05 10:00 UTC,,,0.2,SOL,,,42,USD,Lending_Interest,,
2025-03-05 10:00:00,1,SOL,,,,,,,gift,to Ann,
2025-04-05 10:00:00,1,SOL,,,0.01,SOL,,,,,tx
2025-05-05 10:00:00,,,1,SOL,,,,,ignored,,
""",
        "w",
        [
            ("trade", "USD", "-3000", "principal"),
            ("trade", "SOL", "20", "principal"),
            ("income:interest", "SOL", "0.2", "principal"),
            ("gift_out", "SOL", "-1", "principal"),
            ("withdrawal", "SOL", "-1", "principal"),
            ("withdrawal", "SOL", "-0.01", "fee"),
            ("unknown:ignored", "SOL", "1", "principal"),
        ],
    ),
    "koinly-simple": (
        "Koinly Date,Amount,Currency,Label,TxHash\n2025-01-05 10:00 UTC,-2,SOL,cost,\n",
        "w",
        [("spend", "SOL", "-2", "principal")],
    ),
    "cointracker": (
        f"""\
{COINTRACKER}
06/20/2024 20:57:35,0.05,ETH,150,USD,1.5,USD,
06/21/2024 20:57:35,,,0.2001,ETH,0.0001,ETH,
07/01/2024 00:00:00,0.1,ETH,,,,,staked
""",
        "w",
        [
            ("trade", "USD", "-150", "principal"),
            ("trade", "ETH", "0.05", "principal"),
            ("trade", "USD", "-1.5", "fee"),
            ("withdrawal", "ETH", "-0.2000", "principal"),
            ("withdrawal", "ETH", "-0.0001", "fee"),
            ("income:staking", "ETH", "0.1", "principal"),
        ],
    ),
}


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


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("$1,234.50", "1234.50"),
        ("-$3,300.00", "-3300.00"),
        ("($498.75)", "-498.75"),
        ("(0.07 BTC)", "-0.07"),
        ("0.03562499 BTC ", "0.03562499"),
        ("5E-7", "0.0000005"),
        ("0E-18", "0.000000000000000000"),
        ("CA$5.00", "5.00"),
        ("1INCH", None),
        ("0,123", None),
        ("1.234,56", None),
        ("12,34", None),
        ("abc", None),
        ("$", None),
        ("nan", None),
    ],
)
def test_cells_are_exact_or_refused(cell: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(DataError):
            number(cell, "Amount")
    else:
        assert format(number(cell, "Amount"), "f") == value


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2025-09-12 18:05:44 UTC", "2025-09-12T18:05:44+00:00"),
        ("2017-01-01 12:00:00 -0700", "2017-01-01T19:00:00+00:00"),
        ("06/20/2024 20:57:35", "2024-06-20T20:57:35+00:00"),
        ("4/6/2024 21:19", "2024-04-06T21:19:00+00:00"),
        ("06/20/2024", "2024-06-20T12:00:00+00:00"),
        ("20.06.2024", None),
        ("16:35.6", None),
        ("31/12/2024 10:00", None),
    ],
)
def test_times_of_files(cell: str, told: str | None) -> None:
    if told is None:
        with pytest.raises(DataError):
            when(cell, "Date")
    else:
        assert when(cell, "Date").isoformat() == told


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
