"""rp2 1.7.2 on the same history, in a process of its own: prints one line of JSON.

`compute` is its compute step alone; `whole` its command on an ODS file with its US reports.
"""

from __future__ import annotations

import contextlib
import decimal
import json
import resource
import sys
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests import rp2
from tests.bench.histories import trades

NAMESPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"'
)
COLUMNS = ("timestamp", "asset", "exchange", "holder", "transaction_type", "spot_price")
INI = """[general]
assets = {assets}
exchanges = X
holders = H
[in_header]
{shared}crypto_in = 6
fiat_fee = 7
[out_header]
{shared}crypto_out_no_fee = 6
crypto_fee = 7
[intra_header]
timestamp = 0
asset = 1
from_exchange = 2
from_holder = 3
to_exchange = 4
to_holder = 5
spot_price = 6
crypto_sent = 7
crypto_received = 8
"""


def _rows(length: int, assets: int) -> dict[str, list[rp2.Row]]:
    found: dict[str, list[rp2.Row]] = defaultdict(list)
    for t in trades(length, assets):
        found[t.asset.split(":")[1]].append(rp2.Row(t.at, t.buys, t.units, t.price, t.fee))
    return found


def compute(length: int, assets: int, method: str) -> dict[str, Any]:
    rows = _rows(length, assets)
    config = rp2.configuration(rows)
    with decimal.localcontext(rp2.CONTEXT):
        data = {a: rp2.input_data(config, a, r) for a, r in rows.items()}
        started = time.perf_counter()
        found = [rp2.compute(config, d, method) for d in data.values()]
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "assets": len(found)}


def whole(length: int, assets: int, method: str, folder: str) -> dict[str, Any]:
    here = Path(folder)
    here.mkdir(parents=True, exist_ok=True)
    rows = _rows(length, assets)
    shared = "".join(f"{name} = {n}\n" for n, name in enumerate(COLUMNS))
    (here / "rp2.ini").write_text(INI.format(assets=", ".join(rows), shared=shared))
    _write_ods(here / "rp2.ods", rows)
    main, us = import_module("rp2.rp2_main"), import_module("rp2.plugin.country.us")
    sys.argv = [
        "rp2_us",
        "-m",
        method,
        "-o",
        str(here),
        str(here / "rp2.ini"),
        str(here / "rp2.ods"),
    ]
    (here / "log").mkdir(exist_ok=True)  # rp2 logs beside where it runs
    started = time.perf_counter()
    with contextlib.chdir(here), contextlib.redirect_stdout(sys.stderr):
        main.rp2_main(us.US())
    return {"seconds": time.perf_counter() - started}


def _write_ods(path: Path, rows: dict[str, list[rp2.Row]]) -> None:
    """As raw XML, so that making the input costs little."""
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {NAMESPACES}>',
        "<office:body><office:spreadsheet>",
        *(part for asset, found in rows.items() for part in _sheet(asset, found)),
        "</office:spreadsheet></office:body></office:document-content>",
    ]
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
        'manifest:version="1.2"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{mime}"/><manifest:file-entry manifest:full-path="content.xml" '
        'manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), mime)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", "".join(parts))


def _sheet(asset: str, rows: list[rp2.Row]) -> Iterator[str]:
    empty = _cells("TABLE END"), _cells("")
    yield f'<table:table table:name="{asset}">'
    yield '<table:table-column table:number-columns-repeated="8"/>'
    for keyword, buys in (("IN", True), ("OUT", False)):
        yield _cells(keyword)
        yield _cells(*COLUMNS, "amount", "fee")
        for r in rows:
            if r.buys is buys:
                when, kind = f"{r.at:%Y-%m-%d %H:%M:%S} +0000", "BUY" if buys else "SELL"
                yield _cells(when, asset, "X", "H", kind, r.price, r.units, r.fee)
        yield from empty
    yield "</table:table>"


def _cells(*values: Any) -> str:
    cells = []
    for value in (*values, *[""] * (8 - len(values))):
        kind = "string" if isinstance(value, str) else f'float" office:value="{value}'
        text = f"<text:p>{value}</text:p>"
        cells.append(f'<table:table-cell office:value-type="{kind}">{text}</table:table-cell>')
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    piece = {"compute": compute, "whole": whole}[name]
    done = piece(*(int(a) if a.isdigit() else a for a in arguments))  # type: ignore[operator]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**done, "peak_mb": round(peak)}))
