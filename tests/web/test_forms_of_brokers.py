"""Forms of brokers on the page: taken in, compared, paired by hand, their columns named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.web.house import HEAD, LOSS, House, ask_api, send_file

FORM = (
    "broker,account,tax_year,line,digital_asset_name,units,date_sold,proceeds,gross_or_net\n"
    "Kraken,K1,2025,1,Bitcoin,0.5,2025-03-02,40000.00,net\n"
    "Kraken,K1,2025,2,Bitcoin,0.2,2025-04-02,100.00,net\n"
)


@pytest.fixture
async def with_form(
    config: Path, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    with config.open("a") as file:
        account = '[[account]]\nname = "k"\nkind = "manual"\nbroker = "Kraken"\n'
        file.write(f'{account}broker_account = "K1"\n')
    house = House(config)
    async with house.owner() as browser:
        await send_file(browser, HEAD + LOSS)
        assert (
            await send_file(browser, getattr(request, "param", FORM), "form.csv", back="reconcile")
        ).headers["location"] == "/reconcile"
        yield browser
    house.close()


async def test_a_form_is_compared_and_a_line_paired_by_hand(with_form: httpx.AsyncClient) -> None:
    browser = with_form

    async def states() -> dict[str, str]:
        lines = (await ask_api(browser, "reconcile?year=2025"))["reconcile"]["lines"]
        return {x["form_line"].rpartition("/")[2]: x["status"] for x in lines}

    assert await states() == {"1": "matched", "2": "missing_in_ledger"}
    page = await browser.get("/reconcile?year=2025")
    assert "$40,100.00" in page.text
    line = "Kraken/K1/2025/1"
    await browser.post("/reconcile/unpair", data={"line": line, "note": "not it"})
    assert (await states())["1"] == "missing_in_ledger"
    (sold,) = (await ask_api(browser, "disposals?year=2025"))["disposals"]
    told = {"line": line, "disposal": [sold["disposal_id"]]}
    done = await browser.post("/reconcile/pair", data=told)
    assert done.headers["location"] == f"/reconcile/line/{line}"
    assert sold["disposed_on"] in (await browser.get(f"/reconcile/line/{line}")).text
    assert (await states())["1"] == "matched"
    assert (await browser.post("/reconcile/pair", data={"line": line})).status_code == 422
    nowhere = await browser.post("/reconcile/unpair", data={"line": "x/y/2025/1"})
    assert nowhere.status_code == 422


@pytest.mark.parametrize("with_form", [FORM.replace("40000.00", "47000.00")], indirect=True)
@pytest.mark.parametrize("asked", ["/reconcile/broker-error", "/api/v1/reconcile/broker-error"])
async def test_a_broker_that_is_wrong_is_corrected_by_the_persons_word(
    with_form: httpx.AsyncClient, asked: str
) -> None:
    browser, line = with_form, "Kraken/K1/2025/1"

    async def told(**fields: str) -> int:
        given = {"json": fields} if "api" in asked else {"data": fields}
        return (await browser.post(asked, **given)).status_code

    async def kinds() -> set[str]:
        gaps = (await ask_api(browser, "reconcile?year=2025"))["reconcile"]["gaps"]
        return {g["kind"] for g in gaps if g["form_line"] == line}

    assert "unexplained" in await kinds()
    assert await told(line=line, note=" ") == 422
    assert await told(line=line, note=" their letter of May ") in (200, 303)
    assert await kinds() == {"broker_error", "basis_unknown_to_broker"}
    assert "their letter of May" in (await browser.get(f"/reconcile/line/{line}")).text


NEW_YEAR = (
    "broker,account,tax_year,line,digital_asset_name,units,date_sold,proceeds,gross_or_net\n"
    "Kraken,K1,2026,1,Bitcoin,0.5,2026-01-01,40000.00,net\n"
)


@pytest.mark.parametrize("with_form", [NEW_YEAR], indirect=True)
async def test_a_line_of_new_year_stands_beside_the_sale_of_the_year_before(
    with_form: httpx.AsyncClient,
) -> None:
    sale = "2026-01-01T03:30:00Z,sell,k,BTC,0.5,USD,40000\n"  # still 2025 in New York
    await send_file(with_form, HEAD + LOSS.replace(LOSS.splitlines()[-1] + "\n", sale), "k.csv")
    lines = (await ask_api(with_form, "reconcile?year=2026"))["reconcile"]["lines"]
    (paired,) = lines[0]["disposal_ids"]
    page = (await with_form.get("/reconcile/line/Kraken/K1/2026/1")).text
    assert paired in page
    assert "Nothing in the ledger" not in page


MAPPED = {
    "broker": "Mine",
    "year": "2025",
    "account": "7",
    "column:Coin": "digital_asset_name",
    "column:Amount": "units",
    "column:Sold on": "date_sold",
    "column:Got": "proceeds",
}


async def test_columns_named_in_one_tab_are_not_applied_to_the_file_of_another(
    house: House, browser: httpx.AsyncClient
) -> None:
    first = "Coin,Amount,Sold on,Got\nBitcoin,0.5,2025-03-02,40000.00\n"
    told = {"own_columns": "1", "broker": "Mine", "year": "2025"}
    page = (await send_file(browser, first, "a.csv", **told)).text
    (digest,) = re.findall(r'name="digest" value="([0-9a-f]{64})"', page)
    await send_file(browser, first.replace("0.5", "0.7"), "b.csv", **told)
    done = await browser.post("/sources/columns", data={**MAPPED, "rows": "1", "digest": digest})
    assert (done.status_code, "once more" in done.text) == (422, True)
    assert (await ask_api(browser, "reconcile?year=2025"))["reconcile"]["lines"] == []


async def test_columns_of_a_brokers_own_are_named_by_a_person(
    house: House, browser: httpx.AsyncClient
) -> None:
    own = "Coin,Amount,Sold on,Got\nBitcoin,0.5,2025-03-02,40000.00\n"
    asked = await send_file(browser, own, "own.csv", own_columns="1", broker="Mine", year="2025")
    assert asked.status_code == 200, asked.text
    assert "Which column is which?" in asked.text
    digest = hashlib.sha256(own.encode()).hexdigest()
    told = {**MAPPED, "digest": digest}
    untold = await browser.post("/sources/columns", data=told)
    assert "what the statement adds up to" in untold.text
    wrong = await browser.post("/sources/columns", data=told | {"total": "1.00"})
    assert (wrong.status_code, "40000" in wrong.text) == (422, True)
    done = await browser.post("/sources/columns", data=told | {"total": "$40,000.00"})
    assert done.headers["location"] == "/reconcile"
    lines = (await ask_api(browser, "reconcile?year=2025"))["reconcile"]["lines"]
    assert [x["form_line"] for x in lines] == ["Mine/7/2025/1"]
