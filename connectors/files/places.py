"""Whose rows a statement has, where the file does not say: the account, and own addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.accounts import Account
from config.errors import DataError
from config.networks import chain_id_of
from config.settings import Settings
from connectors.files import explorer
from connectors.files.cells import Row
from connectors.files.statement import Format, Sheet

Own = dict[str, object]  # what rows of an explorer need besides the file


@dataclass(frozen=True, slots=True)
class Whose:
    """An account, with `@chain` for an explorer's rows, and the addresses that are its own."""

    account: str
    own: Own


def whose(found: Format, sheet: Sheet, settings: Settings, told: str | None) -> Whose:
    """Raises DataError with the option that is missing."""
    if found.family == explorer.FAMILY:
        return _of_wallet(sheet, settings, told)
    if told:
        return Whose(told, {})
    if found.venue is None:
        raise DataError(f"a file of {found.title} does not say whose it is; give --account")
    mine = [a.name for a in settings.account if a.venue == found.venue]
    if len(mine) > 1:
        raise DataError(f"say which account it is: --account {' or --account '.join(mine)}")
    return Whose(mine[0] if mine else found.venue, {})


def _of_wallet(sheet: Sheet, settings: Settings, told: str | None) -> Whose:
    rows = [Row(cells) for _, cells in sheet.rows]
    name, _, chain = (told or "").partition("@")
    account = _account(rows, settings, name)
    addresses = list(account.evm_addresses) if account else [_in_every_row(rows)]
    chains = list(account.evm_chains) if account else []
    if not chain and len(chains) != 1:
        example = f"{name or 'my-wallet'}@{(chains or ['ethereum'])[0]}"
        raise DataError(f"say which account and chain it is, for example --account {example}")
    chain = chain or chains[0]
    known = settings.chains.get(chain)
    chain_id = known.chain_id if known else chain_id_of(chain)
    if chain_id is None:
        raise DataError(f"there is no chain {chain}; name one of the settings")
    own: Own = {"addresses": [a.lower() for a in addresses], "chain": chain, "chain_id": chain_id}
    return Whose(f"{account.name if account else name}@{chain}", own)


def _account(rows: Sequence[Row], settings: Settings, name: str) -> Account | None:
    """The account of the settings that is named, else the one whose address the rows name."""
    if name:
        return next((a for a in settings.account if a.name == name and a.evm_addresses), None)
    seen = set().union(*(explorer.touched(r) for r in rows))
    mine = [a for a in settings.account if seen & {x.lower() for x in a.addresses}]
    if len(mine) != 1:
        raise DataError("say whose wallet it is, for example --account my-wallet@ethereum")
    return mine[0]


def _in_every_row(rows: Sequence[Row]) -> str:
    """The address that every row names is the one the file was exported for."""
    common = set.intersection(*(explorer.touched(r) for r in rows)) if rows else set()
    if len(common) != 1:
        raise DataError(
            "no single address stands in every row; list the wallet's addresses in the settings"
        )
    return next(iter(common))
