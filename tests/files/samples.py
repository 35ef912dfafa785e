"""One sample of each statement, and what its rows mean. All values are made up."""

from __future__ import annotations

OWN, OTHER = "0x" + "1" * 40, "0x" + "2" * 40
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
Told = tuple[str, str, str, str]  # kind, asset, quantity, role


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
