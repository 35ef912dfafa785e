"""Puts what a lock on standard input names first in another, and marks where it ends."""

from __future__ import annotations

import re
import sys
from pathlib import Path

MARK = "# ---- for the demo, tests and development"


def entries(text: str) -> dict[str, str]:
    """By package and marker: its pin with its hashes."""
    plain = "".join(row for row in text.splitlines(keepends=True) if not row.startswith("#"))
    found = re.split(r"^(?=[a-z0-9])", plain, flags=re.MULTILINE)
    return {one.split(" \\")[0]: one for one in found if one.strip()}


def main() -> None:
    whole = Path(sys.argv[1])
    service, all_ = entries(sys.stdin.read()), entries(whole.read_text(encoding="utf-8"))
    if strangers := service.keys() - all_.keys():
        sys.exit(f"not pinned alike: {', '.join(sorted(strangers))}")
    rest = [text for name, text in all_.items() if name not in service]
    whole.write_text("".join([*service.values(), f"{MARK}\n", *rest]), encoding="utf-8")


if __name__ == "__main__":
    main()
