"""Which texts name something on Bitcoin: an address, or an extended public key of a wallet."""

from __future__ import annotations

from hashlib import sha256

# forms of addresses that wallets derive from such a key; an xpub does not say which (SLIP 132)
FORMS = {
    "xpub": ("wpkh", "pkh", "sh-wpkh", "tr"),
    "ypub": ("sh-wpkh",),
    "zpub": ("wpkh",),
}
NAME = "bitcoin"  # of the chain, in an account's `chains`


def is_key(text: str) -> bool:
    return text[:4] in FORMS


def is_private(text: str) -> bool:
    """Whether it looks like a key with which coins can be spent: no text of it may be shown."""
    wif = len(text) in (51, 52) and text[:1] in ("5", "K", "L")
    return text[1:4] == "prv" or wif


def plain(text: str) -> str:
    """As it is compared: QR codes hold bech32 addresses in capital letters (BIP 173)."""
    return text.lower() if text.isupper() and text.startswith("BC1") else text


def shown(text: str) -> str:
    """So much of an address or key that a person knows which it is."""
    return text if len(text) <= 20 else f"{text[:12]}..."


def identity(text: str) -> str:
    """What an extended key is, however it is spelled; an address is itself."""
    if not is_key(text):
        return text
    from embit.bip32 import HDKey

    key = HDKey.from_base58(text)
    return sha256(key.chain_code + key.key.sec()).hexdigest()[:16]


def fault(text: str) -> str | None:
    """Why a text names nothing on Bitcoin, None if it does."""
    from embit.base import EmbitError  # loaded where somebody lists one
    from embit.bip32 import HDKey
    from embit.networks import NETWORKS
    from embit.script import address_to_scriptpubkey

    try:
        if is_key(text):
            HDKey.from_base58(text)
            return None
        address_to_scriptpubkey(text)
        heads = (NETWORKS["main"]["bech32"] + "1", "1", "3")
        return None if text.startswith(heads) else "is of a test network"
    except (EmbitError, ValueError, IndexError, KeyError):
        return "is no Bitcoin address, and no xpub, ypub or zpub: a letter may be wrong"
