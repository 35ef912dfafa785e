"""Shows the scripted years flowing through the real product, step by step."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.request import urlopen

from config.exact import ZERO
from syncer import form_views, harvest_views, views
from syncer.books import Books
from syncer.commands import harvest_tables
from syncer.commands.session import Session, print_table, say, session
from syncer.demo import story
from syncer.demo.chain import CHAIN_ID
from syncer.demo.sandbox import API_KEY, API_SECRET, Addresses, running
from syncer.files import import_file
from syncer.reports.papers import write_papers
from syncer.reports.year import Wanted
from syncer.store import derived

FORM = """\
broker,account,tax_year,line,digital_asset_name,units,date_acquired,date_sold,proceeds,basis,\
basis_reported,gross_or_net,term,noncovered
Kraken,K-1001,2025,1,Solana,5,2024-06-03,2025-10-06,946.20,753.00,true,net,long,false
Kraken,K-1001,2025,2,Bitcoin,0.1,,2025-03-17,9561.60,,false,net,,true
Kraken,K-1001,2025,3,Bitcoin,0.1,,2025-05-19,5200.00,,false,gross,,true
Kraken,K-1001,2025,4,Ethereum,0.25,,2025-08-04,1000.00,,false,net,,true
"""

SETTINGS = """\
# The sandbox of `syncer demo`: an exchange and a chain on this machine.

[taxpayer]
filing_status = "single"
time_zone = "America/New_York"
ordinary_income = 60000

[[account]]
name = "kraken"
kind = "exchange"
venue = "kraken"
broker = "Kraken"
broker_account = "K-1001"
key_file = "kraken.json"
api_url = "{exchange}"
rate_limit_ms = 5

[[account]]
name = "wallet"
kind = "wallet"
addresses = ["{address}"]
chains = ["demo"]

[chains.demo]
chain_id = {chain_id}
rpc = ["{chain}"]
confirmations = 0

[prices]
sources = ["kraken"]

[prices.kraken]
api_url = "{exchange}"
rate_limit_ms = 5

[alerts]
urls = ["json://{webhook}/alerts"]
detail = "full"
confirm_readings = 1
quiet_hours = ""
daily_budget = 0
"""


def write_settings(folder: Path, addresses: Addresses) -> Path:
    """The sandbox's syncer.toml, its key file and the broker's form; the settings' path."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "kraken.json"
    key.touch(mode=0o600)
    key.write_text(json.dumps({"apiKey": API_KEY, "secret": API_SECRET}), encoding="utf-8")
    (folder / "form-1099-da-2025.csv").write_text(FORM, encoding="utf-8")
    path = folder / "syncer.toml"
    text = SETTINGS.format(
        exchange=addresses.exchange,
        chain=addresses.chain,
        webhook=addresses.webhook.removeprefix("http://"),
        address=story.PERSON.address,
        chain_id=CHAIN_ID,
    )
    path.write_text(text, encoding="utf-8")
    return path


def show(folder: Path) -> None:
    """The whole walk; books are begun anew each time, the chain is found again."""
    started = time.monotonic()
    os.environ.setdefault("SYNCER_NOW", story.NOW.isoformat())
    _forget_books(folder)
    with running(folder) as addresses:
        path = write_settings(folder, addresses)
        say(f"Sandbox: exchange {addresses.exchange}, chain {addresses.chain}, folder {folder}")
        with session(path) as s:
            _walk(s, folder)
            _alerts(s, addresses)
            _again(s)
    _farewell(path, folder, time.monotonic() - started)


def _forget_books(folder: Path) -> None:
    for old in folder.glob("syncer.db*"):
        old.unlink()
    shutil.rmtree(folder / "reports", ignore_errors=True)


def _walk(s: Session, folder: Path) -> None:
    _title("1. Pull: every record of the exchange and the wallet, exactly once")
    for result in asyncio.run(s.pipeline.pull()):
        say(f"  {result.source}: {result.new_records} records" + _why(result.sentence))
        if result.sentence:
            raise SystemExit(1)
    done = import_file(s.database, folder / "form-1099-da-2025.csv", s.clock())
    say(f"  broker form: {done.new_records} lines of Form 1099-DA")
    asyncio.run(s.pipeline.derive())
    books = s.pipeline.books()
    _proof(s, books)
    _events(books)
    _lots(s, books)
    _year(s, books, 2025)
    _reconciliation(books)
    _reports(s, books, folder)


def _why(sentence: str | None) -> str:
    return f" - failed: {sentence}" if sentence else ""


def _title(text: str) -> None:
    say("")
    say(text)


def _proof(s: Session, books: Books) -> None:
    _title("2. Prove: what the records add up to against what exchange and chain report")
    with s.database.read() as connection:
        rows = views.balances(derived.balances(connection), books, at_end=True)
    print_table("Balances", rows, ("account", "asset", "quantity", "reported", "difference"))


def _events(books: Books) -> None:
    _title("3. Name: transfers, dispositions, income; each by a rule, with evidence")
    counts = Counter((e.kind, e.rule) for e in books.events)
    rows = [{"kind": k, "rule": r, "events": n} for (k, r), n in sorted(counts.items())]
    print_table("Events by class", rows, ("kind", "rule", "events"))


def _lots(s: Session, books: Books) -> None:
    _title("4. Lots per wallet and account; transfers carry basis and date")
    rows = [views.lot(x, s.clock(), s.settings.zone) for x in books.lots]
    columns = ("account", "asset", "quantity", "basis_usd", "acquired_on", "term_today")
    short = [r for r in rows if r["asset"] != "BTC"]
    print_table("Open lots other than BTC", short, columns)
    bitcoin = [r for r in rows if r["asset"] == "BTC"]
    total = sum((x.basis_usd or ZERO for x in books.lots if x.asset == "BTC"), ZERO)
    say(f"BTC: {len(bitcoin)} open lots from weekly buys, basis ${views.usd(total)}")


def _year(s: Session, books: Books, year: int) -> None:
    _title(f"5. The tax of {year}")
    row = views.tax(books, year)
    for key in (
        "short_term_usd",
        "long_term_usd",
        "net_usd",
        "ordinary_income_usd",
        "federal_tax_usd",
        "undecided_usd",
    ):
        say(f"  {key.removesuffix('_usd').replace('_', ' ')}: ${row[key]}")
    _title("6. Harvest: the dip below basis, and what a sale would really save")
    found = asyncio.run(s.pipeline.harvest())
    harvest_tables.show(harvest_views.document(found, s.settings.zone))
    for sentence in found.sentences:
        say(sentence)


def _reconciliation(books: Books) -> None:
    _title("7. Reconcile Form 1099-DA line by line, each difference with its name")
    row = form_views.reconciliation(books.reconciliation(2025))
    print_table("Form lines", row["lines"], ("form_line", "status", "box", "codes", "reasons"))
    for gap in row["gaps"]:
        say(f"  [{gap['severity']}] {gap['kind']}: {gap['detail']}")


def _reports(s: Session, books: Books, folder: Path) -> None:
    _title("8. Papers")
    for year in (2024, 2025):
        out = folder / "reports"
        papers = write_papers(books, s.database, year, out, Wanted())
        for file in papers.files:
            say(f"  {file}")
        for warning in papers.gaps:
            say(f"  know first: {warning}")


def _alerts(s: Session, addresses: Addresses) -> None:
    _title("9. The alert, as it arrives at a webhook on this machine")
    asyncio.run(s.pipeline.watch())
    asyncio.run(s.pipeline.deliver())
    with urlopen(f"{addresses.webhook}/alerts") as answer:
        received: list[dict[str, Any]] = json.load(answer)
    for message in received:
        say(f"  {message['title']}")
        for line in message["message"].splitlines():
            say(f"    {line}")


def _again(s: Session) -> None:
    _title("10. Pull again: nothing is doubled")
    for result in asyncio.run(s.pipeline.pull()):
        say(f"  {result.source}: {result.new_records} new records" + _why(result.sentence))


def _farewell(path: Path, folder: Path, took: float) -> None:
    _title(f"Done in {took:.0f} s.")
    say(f"Database: {folder / 'syncer.db'}    Reports: {folder / 'reports'}")
    program = Path(sys.argv[0])
    say("Try each command on these books:")
    for command in (
        "status",
        "balances",
        "events --year 2025",
        "review",
        "lots --asset ETH",
        "disposals --year 2025",
        "income --year 2025",
        "harvest --price BTC=50000 --price ETH=2000",
        "tax --year 2025",
        "reconcile --year 2025",
        f"report --year 2025 --out {folder / 'reports'}",
        "rebuild --check",
        "backup",
    ):
        say(f"  {program} {command} --config {path}")
    say("The sandbox has ended. To sync again, keep it running in another terminal with:")
    say(f"  {program} demo --folder {folder} --serve")


def show_page(folder: Path) -> None:
    """The story pulled, then the real service with its page, until Ctrl-C."""
    _forget_books(folder)
    with running(folder) as addresses:
        path = write_settings(folder, addresses)
        with session(path) as s:
            for result in asyncio.run(s.pipeline.pull()):
                say(f"{result.source}: {result.new_records} records" + _why(result.sentence))
            import_file(s.database, folder / "form-1099-da-2025.csv", s.clock())
            asyncio.run(s.pipeline.derive())
        say("The page is at the link below, which sets its password. Ctrl-C ends it.")
        command = [sys.executable, "-m", "syncer", "run", "--config", str(path)]
        with Popen(command) as service:
            try:
                code = service.wait()
            except KeyboardInterrupt:
                code = service.wait()
        if code:
            raise SystemExit(code)
        say("Stopped.")


def keep_serving(folder: Path) -> None:
    """Run the sandbox until Ctrl-C, so that other commands reach it."""
    with running(folder) as addresses:
        path = write_settings(folder, addresses)
        say(f"Exchange {addresses.exchange}, chain {addresses.chain}, webhook {addresses.webhook}")
        say(f"Settings: {path}. Stop with Ctrl-C.")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            say("Stopped.")
