"""What the name of a token tells of its sender's mind. Anybody may choose any name, so it is used
for nothing but to warn of it."""

from __future__ import annotations

import re

from config.assets import names
from connectors.chains.tokens import Token

LONGEST = 40
_LURE = re.compile(
    r"https?:|www\.|t\.me/|\b[a-z0-9-]+\.(com|org|net|io|xyz|app|finance|site|online|top|cc|gg|me|"
    r"pro|fi|us|club|live|vip|example)\b|\b(visit|claim|airdrop|reward|voucher|redeem)\b",
    re.IGNORECASE,
)


def trick(token: Token) -> str | None:
    """`fake` if a token that no list knows calls itself by a listed coin's name, `lure` if its name
    leads somewhere; None if it is plain."""
    words = [word for word in (token.symbol, token.name) if word]
    if any(_LURE.search(word) for word in words):
        return "lure"
    return "fake" if token.symbol and names().of_form([_plain(token.symbol)]) else None


def shown(word: str) -> str:
    """A name out of a contract as it may be printed: short, and nothing that a terminal obeys."""
    kept = "".join(c for c in word if c.isprintable())
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "…"


def _plain(symbol: str) -> str:
    """Without what is not seen, which a fake hides in its name."""
    return "".join(c for c in symbol if c.isascii() and c.isalnum())
