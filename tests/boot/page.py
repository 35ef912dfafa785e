"""A person at the page of the booted service: `page.py LINK YEAR`, run in that machine.

Asks for what a unit's sandbox could refuse: the password's hash (Argon2id takes 64 MB), pages, a
chart, papers written beside the books. Uses nothing but the standard library.
"""

from __future__ import annotations

import json
import sys
import time
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

PASSWORD = "four words of a boot"
PAGES = ("/sources", "/ledger", "/ledger/lots", "/review", "/harvest", "/reports", "/settings")
PATIENCE = 300


class Person:
    def __init__(self, page: str) -> None:
        self._page = page
        self._browser = build_opener(HTTPCookieProcessor(CookieJar()))
        self._browser.addheaders = [("Origin", page), ("Sec-Fetch-Site", "same-origin")]

    def sees(self, path: str, told: bytes | None = None, kind: str = "") -> bytes:
        """What is there; a page whose figures are being worked out (503) is opened again."""
        end = time.monotonic() + PATIENCE
        while True:
            request = Request(self._page + path, told, {"Content-Type": kind} if kind else {})
            try:
                with self._browser.open(request, timeout=PATIENCE) as answer:
                    return bytes(answer.read())
            except HTTPError as error:
                if error.code != 503 or time.monotonic() > end:
                    raise
                if error.url != request.full_url:  # what was told is taken in, it led here
                    path, told = urlsplit(error.url).path, None
            time.sleep(2)


def main(link: str, year: int) -> None:
    parts = urlsplit(link)
    person = Person(f"http://{parts.netloc}")
    password = urlencode({"password": PASSWORD, "again": PASSWORD}).encode()
    seen = person.sees(parts.path, password)
    assert b"Log out" in seen, "the link lets nobody in"
    for path in PAGES:
        assert b"Log out" in person.sees(path), path
    assert b"<svg" in person.sees("/charts/year.svg")
    wanted = json.dumps({"year": year, "without_forms": True}).encode()
    made = json.loads(person.sees("/api/v1/papers", wanted, "application/json"))["report"]["files"]
    for name in made:
        assert person.sees(f"/api/v1/papers/{year}/{name}"), name
    print(f"{len(PAGES) + 1} pages, a chart, {len(made)} papers")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
