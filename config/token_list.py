"""A token list that the person trusts, in the form that wallets use: JSON with `tokens`, each with
chainId, address, symbol and name. It names tokens; it never joins one to a listed coin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TokenList:
    """Names by (chain id, contract)."""

    names: Mapping[tuple[int, str], str] = field(default_factory=dict)

    def name(self, chain_id: int, contract: str) -> str | None:
        return self.names.get((chain_id, contract.lower()))


def read(path: Path) -> TokenList:
    """Raises ConfigError if it cannot be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return TokenList(dict(map(_row, told["tokens"])))
    except OSError as error:
        raise ConfigError(f"the token list {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is not a token list: it needs `tokens`, each with chainId, address, symbol "
            f"and name ({type(error).__name__}: {str(error)[:80]})"
        ) from None


def _row(row: Mapping[str, Any]) -> tuple[tuple[int, str], str]:
    return (int(row["chainId"]), str(row["address"]).lower()), f"{row['name']} ({row['symbol']})"
