"""Binance.US: every history but that of fills, each on an endpoint of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from connectors.exchanges.exchange import from_iso, from_millis, from_seconds
from connectors.exchanges.walk import DAY, PENDING, WEEK
from connectors.records import exact

QUARTER = 89 * DAY
PAGE = 100


@dataclass(frozen=True, slots=True)
class History:
    """One history: where its rows are, what names a row, when it happened, how its pages go on.

    `counts` is what the paging parameter counts, rows or pages; empty where the window is answered
    whole, in which case more than `most` rows in it cannot be asked for. `most` 0: not told.
    """

    endpoint: str
    native_id: Callable[[Any], str]
    when: Callable[[Any], datetime]
    within: str | None = None
    paging: tuple[str, ...] = ()
    counts: Literal["", "rows", "pages"] = ""
    most: int = PAGE
    window: int = QUARTER
    optional: bool = False
    more: Mapping[str, int] = field(default_factory=dict)
    first: int = 0
    overlap: int = WEEK
    rows: Callable[[list[Any]], list[Any]] = lambda found: found

    def page(self, at: int) -> dict[str, int]:
        """The parameters that ask for the page at a place."""
        return {**dict(zip(self.paging, (at, self.most), strict=False)), **self.more}


def _deposit_id(row: Any) -> str:
    """Deposits carry no id: the transaction, where in it the coins came to and how many; one
    without a transaction is told apart by when."""
    fields = ["txId", "coin", "address", "addressTag", "amount"]
    fields += [] if row.get("txId") else ["insertTime"]
    return str(row.get("id") or ":".join(str(row.get(f) or "") for f in fields))


def _joined(*fields: str) -> Callable[[Any], str]:
    return lambda row: ":".join(str(row[f]) for f in fields)


def moment(value: Any) -> datetime:
    """Some histories tell seconds where others tell milliseconds."""
    return from_seconds(value) if exact(value, "the time") < 10**11 else from_millis(value)


def _dust_rows(found: list[Any]) -> list[Any]:
    """One row for each asset swept; a sweep of several shares one id."""
    return [one for sweep in found for one in sweep["userAssetDribbletDetails"]]


HISTORIES = {
    "deposits": History(
        "sapi_get_capital_deposit_hisrec",
        _deposit_id,
        lambda row: from_millis(row["insertTime"]),
        paging=("offset", "limit"),
        counts="rows",
        overlap=PENDING,
    ),
    "withdrawals": History(
        "sapi_get_capital_withdraw_history",
        lambda row: row["id"],
        lambda row: from_iso(row["applyTime"]),
        paging=("offset", "limit"),
        counts="rows",
        overlap=PENDING,
    ),
    **{
        f"fiat_{way}s": History(
            f"sapi_get_fiatpayment_query_{word}_history",
            lambda row: row["orderId"],
            lambda row: from_millis(row["createTime"]),
            "assetLogRecordList",
            ("offset",),
            counts="rows",
            most=0,
            overlap=PENDING,
        )
        for way, word in (("deposit", "deposit"), ("withdrawal", "withdraw"))
    },
    **{
        name: History(
            f"sapi_get_{word}_orders",
            lambda row: row["orderId"],
            lambda row: moment(row["createTime"]),
            within,
            ("page", "limit"),
            first=1,
            counts="pages",
        )
        for name, word, within in (("converts", "otc", "rows"), ("orders", "ocbs", "dataList"))
    },
    "dust": History(
        "sapi_get_asset_query_dust_logs",
        _joined("tranId", "fromAsset"),
        lambda row: from_millis(row["operateTime"]),
        "userDustConvertHistory",
        most=10**6,
        rows=_dust_rows,
    ),
    "distributions": History(
        "sapi_get_asset_assetdistributionhistory",
        _joined("tranId", "asset", "divTime", "amount"),
        lambda row: from_millis(row["divTime"]),
        "rows",
        most=500,
        window=WEEK,
        more={"limit": 500},
    ),
    "staking": History(
        "sapi_get_staking_history",
        _joined("initiatedTime", "asset", "type"),
        lambda row: from_millis(row["initiatedTime"]),
        paging=("page", "limit"),
        first=1,
        counts="pages",
    ),
    "staking_rewards": History(
        "sapi_get_staking_stakingrewardshistory",
        _joined("tranId", "asset"),
        lambda row: from_millis(row["time"]),
        "data",
        ("page", "limit"),
        first=1,
        counts="pages",
    ),
    **{
        f"referrals_{who}": History(
            "sapi_get_marketing_referral_reward_history",
            _joined("userId", "receiveDateTime", "rewardType"),
            lambda row: from_millis(row["receiveDateTime"]),
            "rows",
            ("page", "rows"),
            first=1,
            counts="pages",
            optional=True,
            more={"userBizType": number},
        )
        for number, who in enumerate(("referrer", "referee"))
    },
    "subaccounts": History(
        "sapiv3_get_sub_account_transfer_history",
        _joined("time", "asset", "from", "to", "qty"),
        lambda row: moment(row["time"]),
        "transfers",
        ("page", "limit"),
        first=1,
        counts="pages",
        optional=True,
    ),
}
