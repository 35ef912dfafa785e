"""Takes out of a text what is nobody else's business: secrets, addresses, names, amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sqlalchemy.engine import make_url

from config.settings import Settings

_HASH = re.compile(r"\b0x[0-9a-fA-F]{6,}")
_LONG = re.compile(r"\b(?=[A-Za-z+/_-]*\d)[A-Za-z0-9+/_-]{20,}={0,2}")  # keys, ids, other addresses
_URL = re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s\"'<>]+")
_MAIL = re.compile(r"\b[^\s@]+@[^\s@]+\.[a-z]{2,}\b")
_AMOUNT = re.compile(r"\$\s?-?[\d,]+(?:\.\d+)?|\b\d[\d,]*\.\d+\b")


class Redaction:
    """Knows what the settings name; each gets one word in all texts of a bundle."""

    def __init__(self, settings: Settings, home: str = "") -> None:
        known = dict(_named(settings))
        if home:
            known.setdefault(home, "HOME")
        self._words = sorted(known.items(), key=lambda kv: -len(kv[0]))

    def clean(self, text: str) -> str:
        for word, instead in self._words:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", instead, text)
        text = _URL.sub(r"\1://…", text)
        for pattern, instead in ((_MAIL, "MAIL"), (_HASH, "0x…"), (_LONG, "…"), (_AMOUNT, "#")):
            text = pattern.sub(instead, text)
        return text


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    for number, account in enumerate(settings.account, start=1):
        yield account.name, f"ACCOUNT{number}"
        yield from _each(account.addresses, f"ADDRESS{number}")
        for word in (account.broker_account, account.key_file):
            if word:
                yield word, f"PRIVATE{number}"
    for number, name in enumerate(settings.chains, start=1):
        yield from _each(settings.chains[name].rpc, f"NODE{number}")
    yield from _each(settings.alerts.urls, "CHANNEL")
    yield from _of_the_database(settings)
    yield from _each(settings.web.hosts, "HOST")


def _of_the_database(settings: Settings) -> Iterator[tuple[str, str]]:
    """Names on a server; a file's path is known by its folder."""
    if settings.database_file is None:
        url = make_url(settings.database_url)
        told = url.query.get("host")
        hosts = (url.host, *((told,) if isinstance(told, str) else told or ()))
        yield from _each(filter(None, (url.database, url.username)), "DATABASE")
        yield from _each(filter(None, hosts), "SERVER")


def _each(words: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    for number, word in enumerate(words, start=1):
        yield word, f"{name}-{number}"
