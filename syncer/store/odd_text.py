"""Characters that no database keeps as text, U+0000 and halves of surrogate pairs, give way to
U+FFFD; a source may send them, and loses no row by it."""

from __future__ import annotations

import re

_ODD = re.compile(r"[\0\ud800-\udfff]")
# every escape of JSON, so that a backslash which is one itself begins none
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<odd>u0000|u[dD][89a-fA-F]..)|.)", re.DOTALL
)
_MARKS = ("\\u0000", "\\ud", "\\uD")


def storable(text: str) -> str:
    """As a database can keep it."""
    return text if text.isascii() and "\0" not in text else _ODD.sub("\ufffd", text)


def readable(body: str) -> str:
    """A JSON text whose strings a database can keep."""
    if not any(mark in body for mark in _MARKS):
        return body
    return _ESCAPE.sub(lambda found: "\\ufffd" if found["odd"] else found[0], body)
