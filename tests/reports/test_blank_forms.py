"""Where the blank forms come from: a folder, or a server that must give the very form."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.errors import SyncerError, TransientError
from config.official import Blank, OfficialForms, official_forms
from connectors.irs import download
from syncer.reports.blanks import find_blanks

FORM, OTHER = b"%PDF the form of the year", b"%PDF of another year"
SHA = hashlib.sha256(FORM).hexdigest()


PAGES = {"/now.pdf": OTHER, "/prior.pdf": FORM}


class _Irs(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = PAGES.get(self.path)
        self.send_response(302 if self.path == "/moved.pdf" else 200 if page else 404)
        if self.path == "/moved.pdf":
            self.send_header("Location", "/prior.pdf")
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, *arguments: Any) -> None:
        """Silent."""


@pytest.fixture
def site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Irs) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_form_of_the_year_is_taken_wherever_it_lies(site: str) -> None:
    blank = Blank("f8949-2025.pdf", SHA, ("/none.pdf", "/now.pdf", "/prior.pdf"))
    assert download(blank, site) == FORM


@pytest.mark.parametrize("path", ["/now.pdf", "/none.pdf", "/moved.pdf"])
def test_another_edition_and_another_place_are_not_taken(path: str, site: str) -> None:
    with pytest.raises(TransientError, match=r"f8949-2025\.pdf is not to be had"):
        download(Blank("f8949-2025.pdf", SHA, (path,)), site)


def test_a_download_is_kept_in_the_folder_and_replaces_a_wrong_one(tmp_path: Path) -> None:
    real = official_forms(2025)
    assert real
    (tmp_path / "f8949-2025.pdf").write_bytes(OTHER)
    with pytest.raises(SyncerError, match="its SHA-256 differs"):
        find_blanks(real, tmp_path)

    def get(blank: Blank) -> bytes:
        return blank.file.encode()

    found = find_blanks(real, tmp_path, get)
    assert (found.form_8949, found.schedule_d) == (b"f8949-2025.pdf", b"f1040sd-2025.pdf")
    assert (tmp_path / "f8949-2025.pdf").read_bytes() == b"f8949-2025.pdf"


def test_forms_that_nobody_knows_yet_are_none() -> None:
    assert official_forms(2030) is None
    assert isinstance(official_forms(2024), OfficialForms)
