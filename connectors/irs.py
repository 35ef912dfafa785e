"""Gets a blank official form from irs.gov, when a person asks for it."""

from __future__ import annotations

import hashlib
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from config.errors import TransientError
from config.official import Blank

SITE = "https://www.irs.gov"
PATIENCE = 30  # seconds
LARGEST = 5_000_000  # bytes of a blank form


class _StayThere(HTTPRedirectHandler):
    """Never to another place."""

    def redirect_request(self, *arguments: object, **named: object) -> None:
        return None


def download(blank: Blank, site: str = SITE) -> bytes:
    """The form of the year, as its SHA-256 proves; raises TransientError if no path has that."""
    opener = build_opener(_StayThere())
    for path in blank.paths:
        request = Request(site + path, headers={"User-Agent": "syncer"})  # noqa: S310
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                data = bytes(answer.read(LARGEST))
        except (URLError, TimeoutError, OSError):
            continue
        if is_that(blank, data):
            return data
    raise TransientError(f"{blank.file} is not to be had from {site}; name a folder that has it")


def is_that(blank: Blank, data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == blank.sha256
