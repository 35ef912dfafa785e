"""Harvest's pages: identifications before a sale, what-ifs, plans, and lots to choose from."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx

from syncer.store import identifications
from syncer.web.rendering import usd
from tests.web.house import HEAD, LOSS, House, ask_api, send_file


async def test_an_identification_before_a_sale_names_its_lot(
    house: House, browser: httpx.AsyncClient
) -> None:
    await send_file(browser, HEAD + "".join(LOSS.splitlines(keepends=True)[:2]))
    page = (await browser.get("/harvest/identify?account=k&asset=BTC")).text
    names = re.findall(r'name="(lot:[^"]+)"', page)
    assert names == ["lot:2025-01-02T12:00:00Z", "lot:2025-02-02T12:00:00Z"]
    told = {"account": "k", "asset": "BTC", names[1]: "0.5", "before": "2027-01-01T00:00:00Z"}
    assert (await browser.post("/harvest/identify/sale", data=told)).status_code == 303
    with house.database.read() as connection:
        (row,) = identifications.identifications(connection)
        assert identifications.broken_link(connection) is None
    assert (row.attested, row.recorded_at) == (None, house.at)
    assert row.hash in (await browser.get("/harvest/identify")).text
    sale = "2026-12-02T12:00:00Z,sell,k,BTC,0.5,USD,40000\n"
    await send_file(browser, HEAD + sale, "k.csv")
    (sold,) = (await ask_api(browser, "disposals?year=2026"))["disposals"]
    assert (sold["basis_usd"], sold["identification"]) == ("45000.00", "proved")
    for wrong in ({names[1]: "9"}, {names[1]: "x"}, {"before": "2020-01-01T00:00:00Z"}):
        answer = await browser.post("/harvest/identify/sale", data=told | wrong)
        assert answer.status_code == 422


async def test_a_standing_order_comes_with_the_text_for_the_broker(
    config: Path,
) -> None:
    with config.open("a") as file:
        file.write('[[account]]\nname = "k"\nkind = "manual"\nbroker = "Kraken"\n')
    house = House(config)
    async with house.owner() as browser:
        told = {"account": "k", "rule": "hifo"}
        await browser.post("/harvest/identify/order", data=told)
        page = (await browser.get("/harvest/identify")).text
        assert "Send this to the broker" in page
        assert (
            await browser.post("/harvest/identify/order", data=told | {"account": "nobody"})
        ).status_code == 422
    house.close()


async def test_what_if_prices_move_the_figures_and_nothing_else(
    house: House, browser: httpx.AsyncClient
) -> None:
    await send_file(browser, HEAD + LOSS)
    path = "/api/v1/harvest?price:BTC=50000"
    (row,) = (await browser.get(path)).json()["harvest"]
    # half a coin bought at 60,000 and one at 90,000, at 50,000: -5,000 and -40,000
    assert (row["loss_short_usd"], row["loss_long_usd"]) == ("0.00", "45300.00")
    page = await browser.get("/harvest?price:BTC=50000")
    assert "$45,300.00" in page.text
    assert "What if: these figures are not those of today" in page.text
    assert "$45,300.00" not in (await browser.get("/harvest")).text
    for wrong in ("price:BTC=-1", "price:BTC=x", "more_short=much", "filing=no", "rates_of=20"):
        answer = await browser.get(f"/harvest?{wrong}")
        assert (answer.status_code, 'role="alert"' in answer.text) == (200, True), wrong


async def test_only_the_plan_of_an_amount_says_that_there_is_not_so_much_loss(
    story: House,
) -> None:
    async with story.owner() as browser:
        page = (await browser.get("/harvest/plans?amount=1000000")).text
        asked = "harvest/plan?goal=amount&amount=1000000"
        told = (await ask_api(browser, asked))["plan"]
    assert page.count("of loss can be had") == 1
    assert usd(told["loss_usd"]) in page


async def test_what_if_without_an_amount_is_not_answered_by_the_plans_of_today(
    story: House,
) -> None:
    """Which are kept."""

    async def loss(browser: httpx.AsyncClient, query: str) -> Decimal:
        page = (await browser.get(f"/harvest/plans{query}")).text
        (row,) = re.findall(r">Loss taken</th>(.*?)</tr>", page)
        return max(Decimal(x.replace(",", "")) for x in re.findall(r"\$([\d,.]+)<", row))

    async with story.owner() as browser:
        today = await loss(browser, "")
        assert today > 3000
        assert await loss(browser, "?share=0.01") < today / 10
        assert await loss(browser, "") == today


async def test_lots_of_one_name_are_one_row_and_of_near_bases_have_names_apart(
    house: House, browser: httpx.AsyncClient
) -> None:
    at = "2025-01-02T12:00:00Z"
    rows = f"{at},buy,k,USD,100,BTC,1\n{at},buy,k,USD,200,BTC,2\n"
    coins = f"{at},buy,k,USD,1,SHIB,1000000\n{at},buy,k,USD,2,SHIB,1000000\n"
    await send_file(browser, HEAD + rows + coins)

    async def fields(asset: str) -> list[str]:
        page = (await browser.get(f"/harvest/identify?account=k&asset={asset}")).text
        return re.findall(r'name="(lot:[^"]+)"', page)

    assert await fields("BTC") == [f"lot:{at}"]
    sale = {"account": "k", "asset": "BTC", "before": "2027-01-01T00:00:00Z"}
    await browser.post("/harvest/identify/sale", data={**sale, f"lot:{at}": "2.5"})
    cheap, dear = sorted(await fields("SHIB"))
    assert cheap == f"lot:{at}@0.000001000000000000"
    told = {**sale, "asset": "SHIB", cheap: "400000", dear: "7"}
    assert (await browser.post("/harvest/identify/sale", data=told)).status_code == 303
    recorded = (await ask_api(browser, "identifications"))["identify"]
    units = [[x["quantity"] for x in r["lots"]] for r in recorded]
    assert units == [["2.5"], ["400000", "7"]]


async def test_of_very_many_lots_those_are_shown_that_a_person_wants_first(
    browser: httpx.AsyncClient,
) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    dollars = [1000 + (n * 7) % 211 for n in range(105)]  # each price once
    days = [(start + timedelta(days=n)).isoformat() for n in range(105)]
    rows = (f"{at},buy,k,USD,{usd},BTC,1\n" for at, usd in zip(days, dollars, strict=True))
    await send_file(browser, HEAD + "".join(rows))

    async def bases(by: str) -> list[Decimal]:
        page = (await browser.get(f"/harvest/identify?account=k&asset=BTC&by={by}")).text
        assert "5 more are not shown" in page
        found = re.findall(r'([\d,.]+)</span></td><td><input name="lot:', page)
        return [Decimal(x.replace(",", "")) for x in found]

    assert await bases("oldest") == dollars[:100]
    assert await bases("newest") == dollars[:4:-1]
    assert await bases("highest") == sorted(dollars, reverse=True)[:100]
    assert await bases("lowest") == sorted(dollars)[:100]
