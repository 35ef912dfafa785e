"""A person's walk through every page in a real Chromium, at the width of a desk and of a phone."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Error, Page, Route, ViewportSize, async_playwright

from tests.web.house import PASSWORD, Service, copied, service

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
# as root there is no sandbox; the rest keeps it from asking its maker for anything
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PAGES = (
    *("/", "/harvest", "/harvest/plans", "/harvest/identify?account=kraken&asset=BTC"),
    *("/harvest/opening?account=kraken&asset=BTC", "/reconcile", "/review", "/ledger"),
    *("/reconcile?year=2026&show=expected", "/reconcile/line/Kraken/K-1001/2025/4"),
    *("/ledger/lots", "/ledger/disposals?year=2025", "/ledger/balances", "/reports?year=2025"),
    *("/sources", "/settings", "/settings/second-factor"),
)
WIDTHS: dict[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_A_SMALL_DARK_SCREEN = ("color-contrast", "target-size", "scrollable-region-focusable")
# axe takes seconds for a long table; what only a later row has, it does not see
REPEATED = "tbody tr:nth-child(n+16)"
ASK_AXE = """async ([without, only]) => {
    const told = { runOnly: only, resultTypes: ["violations"] };
    return (await axe.run({ exclude: without }, told)).violations;
}"""
OWN_FORM = "broker,account,tax_year,line,digital_asset_name,units,date_sold,proceeds,gross_or_net\n"
DROP = """(form, [text, name]) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([text], name, { type: "text/csv" }));
    const told = { dataTransfer: dropped, bubbles: true, cancelable: true };
    form.dispatchEvent(new DragEvent("dragover", told));
    form.dispatchEvent(new DragEvent("drop", told));
}"""
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt install chromium"),
    pytest.mark.files_of_sqlite("one engine is enough for a browser"),
]


@pytest.fixture
def served(synced: Path, tmp_path: Path) -> Iterator[Service]:
    with service(copied(synced, tmp_path)) as found:
        yield found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        await started.close()


class Person:
    """Walks, and notes what is wrong on the way."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self._address = page, address
        self.wrong: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda e: self.wrong.append(f"script: {e}"))
        page.on("request", self._on_request)

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _on_request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and not request.url.startswith(self._address):
            self.wrong.append(f"asked another host: {request.url}")

    async def go(self, path: str) -> None:
        answer = await self.page.goto(self._address + path)
        assert answer is not None
        assert answer.status == 200, (path, await self.page.inner_text("main"))

    async def press(self, name: str) -> None:
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=name, exact=True).click()

    async def reads(self, text: str) -> None:
        assert text in await self.page.inner_text("main"), await self.page.inner_text("main")

    async def looks(self, name: str, only: Sequence[str] = ()) -> None:
        """By axe-core: WCAG 2.2 A and AA, or some rules; and nothing is wider than the screen."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(f"() => {{ {AXE.read_text(encoding='utf-8')} }}")
        found = await self.page.evaluate(
            ASK_AXE,
            [
                [REPEATED],
                {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": TAGS},
            ],
        )
        for one in found:
            nodes = "; ".join(n["html"][:160] for n in one["nodes"][:3])
            self.wrong.append(f"{name}: {one['impact']}: {one['id']}: {nodes}")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if over := await self.page.evaluate(wider):
            self.wrong.append(f"{name}: {over} pixels too wide")
        if folder := os.environ.get("SYNCER_SCREENSHOTS"):
            file = Path(folder) / f"{name}.png"
            await self.page.screenshot(path=file, full_page=True)


async def test_a_person_sets_up_looks_decides_and_files(served: Service, tmp_path: Path) -> None:
    async with chromium() as browser:
        context = await browser.new_context(viewport=WIDTHS["desk"], accept_downloads=True)
        person = Person(await context.new_page(), served.address)
        await _sets_up_without_script(browser, served)
        await _logs_in(person)
        await _drops_a_form(person)
        await _resolves_a_gap(person)
        await _identifies(person)
        await _asks_what_if(person)
        await _plans(person)
        await _files(person, tmp_path / "bundle.zip")
        assert "\n".join(person.wrong) == ""


async def _sets_up_without_script(browser: Browser, service: Service) -> None:
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(service.link())
    await page.fill("#password", PASSWORD)
    await page.fill("#again", PASSWORD)
    await page.click("main button")
    await page.goto(f"{service.address}/harvest")
    await page.locator("input[name='price:BTC']").first.fill("1")
    await page.get_by_role("button", name="Show", exact=True).click()
    assert "not those of today" in await page.inner_text("main")


async def _logs_in(person: Person) -> None:
    await person.go("/login")
    await person.looks("login")
    await person.page.fill("#password", PASSWORD)
    await person.press("Log in")
    await person.press("Log out")
    await person.page.fill("#password", PASSWORD)
    await person.press("Log in")
    await person.reads("so far")


async def _drops_a_form(person: Person) -> None:
    await person.go("/reconcile")
    text = f"{OWN_FORM}Other,77,2025,1,Bitcoin,0.5,2025-07-01,1.00,net\n"
    await person.page.eval_on_selector("form.drop", DROP, [text, "other-broker.csv"])
    await person.press("Import")
    await person.reads("other-broker.csv: 1099-da, 1 rows, 1 new")
    await person.reads("not in the ledger")


async def _resolves_a_gap(person: Person) -> None:
    await person.go("/review")
    waiting = person.page.locator("tbody input[name=id]")
    before = await waiting.count()
    await person.page.locator("tbody th a").first.click()
    await person.page.locator("input[name=answer]").first.check()
    await person.page.fill("#note", "I know this coin")
    await person.press("Answer")
    await person.reads("I know this coin")
    assert await waiting.count() == before - 1


async def _identifies(person: Person) -> None:
    await person.go("/harvest/identify?account=kraken&asset=BTC")
    await person.page.locator("input[name^='lot:']").last.fill("0.001")
    await person.page.fill("#before", "2027-01-01T00:00:00Z")
    await person.page.get_by_role("button", name="Record it now").first.click()
    await person.page.wait_for_load_state()
    await person.reads("Recorded: 0.001 acquired")
    await person.reads("the chain is whole")


async def _asks_what_if(person: Person) -> None:
    """As it is typed, without a press; an answer that is late shows nothing that is past."""
    await person.go("/harvest")
    field = person.page.locator("input[name='price:BTC']").first
    may_go = {"1": asyncio.Event(), "2": asyncio.Event()}

    async def holds_back(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        await may_go[query["price:BTC"][0]].wait()
        with suppress(Error):  # the page may have given it up
            await route.continue_()

    await person.page.route("**/harvest?*", holds_back)
    for price in may_go:
        async with person.page.expect_request("**/harvest?*") as asked:
            await field.fill(price)
    for event in may_go.values():
        event.set()
        await person.page.wait_for_timeout(500)
    await person.page.get_by_text("What if: these figures are not those of today").wait_for()
    shown = await person.page.inner_text("main")
    await person.page.unroute_all(behavior="wait")
    await person.page.goto((await asked.value).url)
    assert await person.page.inner_text("main") == shown


async def _plans(person: Person) -> None:
    await person.go("/harvest/plans")
    await person.page.fill("#amount", "500")
    await person.press("Plan")
    await person.reads("A loss of this amount")


async def _files(person: Person, bundle: Path) -> None:
    await person.go("/reports?year=2025")
    await person.page.get_by_label("sales that await a form").check()
    await person.press("Make the papers and the audit bundle")
    async with person.page.expect_download() as coming:
        await person.page.get_by_role("link", name="audit-2025.zip").click()
    await (await coming.value).save_as(bundle)
    assert bundle.read_bytes()[:2] == b"PK"


async def _by(person: Person, width: str) -> None:
    """Day at the desk, night on the phone."""
    await person.page.set_viewport_size(WIDTHS[width])
    await person.page.emulate_media(color_scheme="dark" if width == "phone" else "light")


async def test_every_page_can_be_read_by_everybody(served: Service) -> None:
    """At both widths, without a mouse. The phone is turned to what the desk loaded, but for the
    first page."""
    async with chromium() as browser:
        person = Person(await browser.new_page(reduced_motion="reduce"), served.address)
        await person.page.goto(served.link())
        await person.looks("setup")
        await person.page.fill("#password", PASSWORD)
        await person.page.fill("#again", PASSWORD)
        await person.page.keyboard.press("Enter")
        await person.page.wait_for_url(f"{served.address}/")
        for path in PAGES:
            await _by(person, "desk")
            await person.go(path)
            name = path.partition("?")[0].replace("/", "-")
            await person.looks(f"desk{name}")
            await _by(person, "phone")
            await person.looks(f"phone{name}", OF_A_SMALL_DARK_SCREEN)
        for width in WIDTHS:
            await _by(person, width)
            await person.go("/")
            await person.page.keyboard.press("Tab")
            assert await person.page.evaluate("document.activeElement.className") == "skip"
        assert "\n".join(person.wrong) == ""
