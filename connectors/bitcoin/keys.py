"""The addresses of an extended public key (BIP 32, 44, 49, 84, 86)."""

from __future__ import annotations

from typing import Any

BRANCHES = (0, 1)  # to receive, and for change
GAP = 20  # unused addresses in a row after which wallets stop to look (BIP 44)


class Key:
    """One extended public key of an account."""

    def __init__(self, text: str) -> None:
        from embit.bip32 import HDKey  # loaded where an account has one

        self._key = HDKey.from_base58(text)
        self._branches = {branch: self._key.child(branch) for branch in BRANCHES}

    def address(self, form: str, branch: int, index: int) -> str:
        return str(_script(form, self._branches[branch].child(index)).address())


def _script(form: str, key: Any) -> Any:
    from embit import script

    if form == "pkh":
        return script.p2pkh(key)
    if form == "tr":
        return script.p2tr(key)
    return script.p2wpkh(key) if form == "wpkh" else script.p2sh(script.p2wpkh(key))
