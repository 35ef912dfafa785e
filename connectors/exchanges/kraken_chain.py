"""Kraken's running balance as a proof: each row says what its asset's balance was after it.

A row leads from its balance before (balance - amount + fee) to its balance after. If no row is
missing, the rows of an asset are one chain from zero to what is held, in whatever order they
came: each balance is left as often as it is reached. Where that fails, rows are missing just there.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from config.assets import names
from config.errors import DataError
from connectors.records import RawRecord, exact

ZERO = Decimal(0)


def breaks(records: Iterable[RawRecord]) -> dict[str, str]:
    """By asset: a sentence where a chain of it is broken; assets whose chains are whole are absent.

    Rows without a balance, or that cannot be read, prove nothing: their asset is passed over.
    """
    steps: dict[str, list[tuple[Decimal, Decimal, RawRecord]]] = defaultdict(list)
    mute: set[str] = set()
    for record in records:
        if record.stream != "ledgers":
            continue
        row = json.loads(record.body)
        try:
            after = exact(row["balance"], "the balance")
            change = exact(row["amount"], "the amount") - exact(row["fee"], "the fee")
        except (DataError, KeyError):
            mute.add(row.get("asset", ""))
            continue
        steps[row["asset"]].append((after - change, after, record))
    found = {a: _break(a, rows) for a, rows in sorted(steps.items()) if a not in mute}
    return {names().at_venue("kraken", a): sentence for a, sentence in found.items() if sentence}


def _break(asset: str, steps: list[tuple[Decimal, Decimal, RawRecord]]) -> str | None:
    """The first place in time where a row starts from a balance that no row has reached."""
    reached = Counter(after for _, after, _ in steps)
    left = Counter(before for before, _, _ in steps)
    open_ = {b for b in left if left[b] - reached[b] > (1 if b == ZERO else 0)}
    if not open_:
        return None
    ordered = sorted(steps, key=lambda s: (s[2].happened_at is None, s[2].happened_at, s[1]))
    before, _, record = next(s for s in ordered if s[0] in open_)
    at = record.happened_at
    when = f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "an unknown time"
    return (
        f"the running balance of {asset} breaks before {record.native_id} of {when}: it starts "
        f"from {before:f}, which no row has reached"
    )
