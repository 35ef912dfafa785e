"""What a look at all holdings saw, as it is noted."""

from __future__ import annotations

from collections.abc import Iterator

from syncer.harvesting import Found, apart_from_each_other
from syncer.store.tables import OpeningRow


def seen(found: Found) -> Iterator[OpeningRow]:
    """Each sale at its market; of accounts in one pool, which promise the same lots, one counts."""
    counted = {id(one) for one in apart_from_each_other(found.sales)}
    for one in found.sales:
        if one.market is not None:
            yield OpeningRow(
                at=found.now,
                account=one.account,
                asset=one.asset,
                price=one.market.usd,
                loss_short_usd=one.loss_short,
                loss_long_usd=one.loss_long,
                counts=id(one) in counted,
            )
