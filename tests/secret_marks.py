"""Every key in these tests has one word in it, that no output may have."""

from __future__ import annotations

from pathlib import Path

from syncer.demo.sandbox import API_KEY as MARK

assert MARK == "SANDBOXKEY"


def nothing_secret(*texts: str) -> None:
    for text in texts:
        assert MARK not in text, f"a key is in: {text[max(0, text.index(MARK) - 200) :][:400]}"


def files_with_secrets(folder: Path, but: frozenset[str] = frozenset()) -> list[str]:
    """All files below a folder that hold a key; `but` are the files that keys are kept in."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.name not in but)
    return sorted(str(p.relative_to(folder)) for p in found if MARK.encode() in p.read_bytes())
