"""Which texts name something on Bitcoin: an address, or an extended public key of a wallet."""

from __future__ import annotations

# forms of addresses that wallets derive from such a key; an xpub does not say which (SLIP 132)
FORMS = {
    "xpub": ("wpkh", "pkh", "sh-wpkh", "tr"),
    "ypub": ("sh-wpkh",),
    "zpub": ("wpkh",),
}
NAME = "bitcoin"  # of the chain, in an account's `chains`


def is_key(text: str) -> bool:
    return text[:4] in FORMS


def fault(text: str) -> str | None:
    """Why a text names nothing on Bitcoin, None if it does."""
    from embit.base import EmbitError  # loaded where somebody lists one
    from embit.bip32 import HDKey
    from embit.networks import NETWORKS
    from embit.script import address_to_scriptpubkey

    if text[1:4] == "prv":
        return "is a private key, which nobody should give away; export the public one (xpub)"
    try:
        if not is_key(text):
            address_to_scriptpubkey(text)
            main = NETWORKS["main"]
            heads = (main["bech32"] + "1", "1", "3")
            return None if text.lower().startswith(heads) else "is of a test network"
        return None if not HDKey.from_base58(text).is_private else "is a private key"
    except (EmbitError, ValueError, IndexError, KeyError):
        return "is no Bitcoin address, and no xpub, ypub or zpub: a letter may be wrong"
