"""ccxt without the hundred exchanges that nobody asked for: its packages load all of them, which
takes 75 MB and half a second, so they are stood in for by ones that look a name up when it is used.

Only where ccxt is not loaded already. `tests/connectors/test_ccxt_parts.py` holds this against it.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT, ASYNC = "ccxt", "ccxt.async_support"
_PARTS = ("ccxt.base.errors", "ccxt.base.exchange", "ccxt.base.precise")


def exchange_class(venue: str) -> type[Any] | None:
    """The asynchronous client of a venue; None if ccxt has none."""
    errors()
    if not venue.isidentifier() or find_spec(f"{ASYNC}.{venue}") is None:
        return None
    found = getattr(import_module(f"{ASYNC}.{venue}"), venue, None)
    if isinstance(found, type):
        setattr(sys.modules[ASYNC], venue, found)  # in place of its module, as ccxt has it
        return found
    return None


@cache
def errors() -> ModuleType:
    """ccxt's exceptions."""
    _stand_in(ROOT)
    _stand_in(ASYNC)
    return import_module("ccxt.base.errors")


def _stand_in(name: str) -> None:
    if name in sys.modules:
        return
    spec = find_spec(name)
    assert spec
    assert spec.origin
    package = ModuleType(name)
    package.__path__ = [str(Path(spec.origin).parent)]
    package.__spec__ = spec
    package.__getattr__ = lambda wanted: _looked_up(name, wanted)  # type: ignore[method-assign]
    sys.modules[name] = package
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, package)


def _looked_up(package: str, wanted: str) -> Any:
    """What the package would have had under a name."""
    if not wanted.startswith("__"):
        for part in _PARTS:
            if hasattr(found := import_module(part), wanted):
                return getattr(found, wanted)
        if find_spec(f"{package}.{wanted}"):
            return getattr(import_module(f"{package}.{wanted}"), wanted)
    raise AttributeError(f"module {package!r} has no attribute {wanted!r}")
