"""What a person does on the pages is done, and what they show is what the command line says."""

from __future__ import annotations

import json
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from syncer.web.rendering import usd
from tests.conftest import Run
from tests.reports.reporting import JOURNAL
from tests.web.house import HEAD, LOSS, House, ask_api, send_file


async def test_the_overview_says_what_the_command_line_says(
    story: House, run: Run, at_story_end: None
) -> None:
    year = story.at.year
    this, last = (
        run("tax", "--year", str(y), "--json", config=story.path).json["tax"]
        for y in (year, year - 1)
    )
    assert last["long_term_usd"] != "0.00"
    async with story.owner() as browser:
        page = (await browser.get("/")).text
        for key in ("short_term_usd", "long_term_usd", "net_usd", "federal_tax_usd"):
            row = f"<td>{usd(this[key])}</td><td>{usd(last[key])}</td>"
            assert row in page, key
        review = run("review", "--json", config=story.path).json["review"]
        assert f"{len(review)} items in Review" in page
        told = (await ask_api(browser, "overview"))["overview"]
    assert (told["this_year"], told["last_year"]) == (this, last)


PATHS = (
    *("/", "/harvest", "/harvest/plans?amount=100&share=0.5", "/harvest/identify"),
    *("/harvest/identify?account=kraken&asset=BTC", "/review", "/review?show=likely"),
    *("/harvest/opening?account=kraken&asset=BTC", "/ledger", "/ledger/lots"),
    *("/ledger?account=wallet&asset=ETH&year=2025&kind=transfer&text=e", "/ledger/balances"),
    *("/ledger/disposals?year=2025", "/reconcile", "/reconcile?year=2026&show=expected"),
    *("/reconcile/line/Kraken/K-1001/2025/4", "/reports", "/reports?year=2025", "/sources"),
    *("/settings", "/settings/second-factor", "/charts/year.svg?dark=true"),
    "/charts/opening.svg?account=kraken&asset=BTC",
)


async def test_every_page_of_the_story_is_there(story: House) -> None:
    async with story.owner() as browser:
        for path in PATHS:
            answer = await browser.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert "Undefined" not in answer.text, path
            ids = re.findall(r' id="([^"]+)"', answer.text)
            assert len(ids) == len(set(ids)) or path.startswith("/charts"), path


async def test_a_file_is_taken_in_once_and_its_events_are_in_the_ledger(
    house: House, browser: httpx.AsyncClient
) -> None:
    first = await send_file(browser, HEAD + LOSS)
    assert (first.status_code, first.headers["location"]) == (303, "/sources")
    assert "3 rows, 3 new" in (await browser.get("/sources")).text
    await send_file(browser, HEAD + LOSS)
    assert "3 rows, 0 new" in (await browser.get("/sources")).text
    (sold,) = (await ask_api(browser, "disposals?year=2025"))["disposals"]
    assert (sold["gain_usd"], sold["basis_usd"]) == ("10000.00", "30000.00")
    page = (await browser.get("/ledger/disposals?year=2025")).text
    assert "$10,000.00" in page
    event = await browser.get(f"/ledger/event/{sold['event_id']}")
    assert "$40,000.00" in event.text
    lot = await browser.get(f"/ledger/lot/{sold['lot_id']}")
    assert "2025-01-02" in lot.text
    assert (await browser.get("/ledger/lot/l0")).status_code == 422


async def test_a_file_that_is_none_is_one_sentence(browser: httpx.AsyncClient) -> None:
    for text, why in (("a,b\n1,2\n", "header that is not known"), ("\x00", "known"), ("", "")):
        answer = await send_file(browser, text, "../../etc/odd name.csv")
        assert (answer.status_code, why in answer.text) == (422, True), answer.text
        assert "/tmp" not in answer.text
        assert "../" not in answer.text
    assert (await browser.post("/sources/import", data={"x": "y"})).status_code == 422


async def test_an_answer_is_kept_changes_the_books_and_is_taken_back(
    house: House, browser: httpx.AsyncClient
) -> None:
    await send_file(browser, HEAD + "2025-01-02T12:00:00Z,deposit,k,,,BTC,2\n")
    (item,) = [
        i for i in (await ask_api(browser, "review"))["review"] if i["kind"] == "unmatched_deposit"
    ]
    page = await browser.get(f"/review/item/{item['id']}")
    assert "needs dollars" in page.text
    told = {"id": item["id"], "answer": "bought"}
    assert "needs an amount in dollars" in (await browser.post("/review/answer", data=told)).text
    told |= {"usd": "$50,000", "note": "from a friend"}
    assert (await browser.post("/review/answer", data=told)).status_code == 303
    (lot,) = (await ask_api(browser, "lots"))["lots"]
    assert (lot["basis_usd"], lot["quantity"]) == ("50000.00", "2")
    page = (await browser.get("/review")).text
    assert "from a friend" in page
    assert "owner" in page
    await browser.post("/review/undo", data={"subject": item["id"]})
    assert [i["id"] for i in (await ask_api(browser, "review"))["review"]].count(item["id"]) == 1
    again = await browser.post("/review/undo", data={"subject": item["id"]})
    assert again.status_code == 422


async def test_one_answer_to_many_is_given_to_all_or_none(
    house: House, browser: httpx.AsyncClient
) -> None:
    rows = "".join(f"2025-01-0{n}T12:00:00Z,withdrawal,k,BTC,0.1,,\n" for n in range(2, 6))
    await send_file(browser, HEAD + "2025-01-01T12:00:00Z,buy,k,USD,9000,BTC,1\n" + rows)
    items = [
        i["id"]
        for i in (await ask_api(browser, "review"))["review"]
        if i["kind"] == "unmatched_withdrawal"
    ]
    assert len(items) == 4
    wrong = {"id": [*items, "unmatched_withdrawal:e0"], "answer": "lost"}
    assert (await browser.post("/review/answers", data=wrong)).status_code == 422
    assert len((await ask_api(browser, "disposals?year=2025"))["disposals"]) == 0
    told = {"id": items, "answer": "spend", "note": "gifts"}
    assert (await browser.post("/review/answers", data=told)).status_code == 303
    assert {d["kind"] for d in (await ask_api(browser, "disposals?year=2025"))["disposals"]} == {
        "spend"
    }


async def test_a_rule_answers_what_is_to_come(browser: httpx.AsyncClient) -> None:
    await send_file(browser, HEAD + "2025-01-02T12:00:00Z,deposit,k,,,BTC,2\n")
    told = {"kind": "unmatched_deposit", "account": "k", "answer": "income"}
    assert (await browser.post("/review/rule", data=told)).status_code == 303
    await send_file(browser, HEAD + "2025-01-03T12:00:00Z,deposit,k,,,BTC,3\n", "k.csv")
    rows = (await ask_api(browser, "income?year=2025"))["income"]
    assert [r["quantity"] for r in rows] == ["2", "3"]
    assert (
        await browser.post("/review/rule", data={"kind": "x", "answer": "y"})
    ).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/ledger/lots?at=2025-01-01T00:00:00&after=99999999999999999999",
        "/api/v1/lots?at=2025-01-01T00:00:00&after=99999999999999999999",
        f"/ledger?year={'1' * 5000}",
        f"/reconcile?year={'1' * 5000}",
        "/charts/opening.svg?account=a&asset=%00",
        "/harvest/opening?account=a&asset=%00",
        "/ledger/export/events.csv?year=abc",
    ],
)
async def test_what_cannot_be_is_said_to_be_so(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 422


async def test_odd_names_and_figures_beyond_all_bounds_break_nothing(
    house: House, browser: httpx.AsyncClient
) -> None:
    done = await send_file(browser, HEAD + LOSS, "\u9280" * 120 + ".csv")
    assert done.status_code == 303
    odd = await send_file(browser, HEAD, "a.csv", year="1" * 5000)
    assert odd.status_code == 422
    told = {"name": "taxpayer.ordinary_income", "value": "1e120"}
    assert (await browser.post("/settings/change", data=told)).status_code == 422
    assert (await browser.get("/")).status_code == 200


async def test_a_word_that_is_kept_is_not_said_to_be_lost(
    house: House, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks() -> str | None:
        raise RuntimeError("marker of the inside")

    monkeypatch.setattr(house, "_derive", breaks)
    done = await send_file(browser, HEAD + LOSS)
    assert done.status_code == 303
    page = (await browser.get("/sources")).text
    assert "3 new" in page
    assert "broke unexpectedly" in page
    assert "marker of the inside" not in page


async def test_what_is_said_once_is_not_used_up_by_a_script(
    house: House, browser: httpx.AsyncClient
) -> None:
    await send_file(browser, HEAD + LOSS)
    by_script = {"Sec-Fetch-Dest": "empty"}
    assert "3 new" not in (await browser.get("/harvest", headers=by_script)).text
    assert "3 new" in (await browser.get("/harvest")).text


async def test_a_setting_is_changed_shown_and_taken_back(
    house: House, browser: httpx.AsyncClient, run: Run
) -> None:
    name = "harvest.min_loss_usd"

    def now() -> tuple[str, str]:
        rows = run("settings", "--json", config=house.path).json["settings"]
        one = next(r for r in rows if r["name"] == name)
        return one["value"], one["origin"]

    assert now() == ("500", "the default")
    done = await browser.post("/settings/change", data={"name": name, "value": "12.50"})
    assert done.status_code == 303
    assert now() == ("12.50", "the page, by owner")
    assert str(house.settings.harvest.min_loss_usd) == "12.50"
    for wrong in ("-1", "much", "nan", ""):
        answer = await browser.post("/settings/change", data={"name": name, "value": wrong})
        assert answer.status_code == 422, wrong
    for other in ("web.host", "database.url", "alerts.urls", "nothing.at_all", "taxpayer.years"):
        answer = await browser.post("/settings/change", data={"name": other, "value": "x"})
        assert (answer.status_code, "settings file" in answer.text) == (422, True), other
    of_year = {"name": "taxpayer.2025.ordinary_income", "value": "70000"}
    assert (await browser.post("/settings/change", data=of_year)).status_code == 303
    told = run("tax", "--year", "2025", "--json", config=house.path).json["tax"]
    assert told["federal_tax_usd"] is not None
    await browser.post("/settings/change", data={"name": name, "back": "1"})
    assert now() == ("500", "the default")


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*191}}${7*191}",
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)",
)


async def test_names_and_notes_of_strangers_are_only_text(
    house: House, browser: httpx.AsyncClient
) -> None:
    """Stored and reflected: tokens, accounts, hashes, notes, whatever is asked for."""
    rows = [JOURNAL]
    for n, bad in enumerate(HOSTILE):
        cell = '"' + bad.replace('"', '""') + '"'
        rows.append(f"2025-01-0{n + 1}T12:00:00Z,buy,{cell},USD,100,{cell},1,,\n")
        rows.append(f"2025-02-0{n + 1}T12:00:00Z,deposit,{cell},,,{cell},3,,\n")
    done = await send_file(browser, "".join(rows), HOSTILE[0] + ".csv")
    assert done.status_code == 303
    assert len((await ask_api(browser, "events"))["events"]) == 10
    paths = ["/", "/harvest", "/review", "/ledger", "/ledger/lots", "/ledger/balances"]
    paths += ["/sources", "/reconcile", "/reports", "/settings"]
    for bad in HOSTILE:
        quoted = httpx.QueryParams({"v": bad})["v"]
        for path in ("/ledger", "/harvest", "/review", "/reconcile", "/harvest/opening"):
            names = ("text", "account", "asset", "kind", "year", "least", "show", "status", "to")
            of_a_dict = dict.fromkeys((*names, "get", "items"), quoted)
            paths.append(f"{path}?{httpx.QueryParams(of_a_dict)}")
        paths.append(f"/login?{httpx.QueryParams({'to': bad})}")
        paths.append(f"/review/item/{bad}")
        paths.append(f"/ledger/event/{bad}")
    for path in paths:
        answer = await browser.get(path)
        assert answer.status_code < 500, path
        text = answer.text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "1337" not in text, path
        assert 'href="javascript:' not in text, path
    table = (await browser.get("/ledger/export/lots.csv")).text
    assert not re.search(r'(^|,)"?[=+@]', table, re.MULTILINE)


async def test_an_export_is_all_that_fits(house: House, browser: httpx.AsyncClient) -> None:
    rows = "".join(
        f"2025-01-{1 + n // 24:02}T{n % 24:02}:00:00Z,buy,k,USD,1,BTC,1\n" for n in range(160)
    )
    await send_file(browser, HEAD + rows)
    text = (await browser.get("/ledger/export/events.csv?asset=BTC&year=2025")).text
    assert len(text.splitlines()) == 1 + 2 * 155  # five hours of UTC's year are of the one before
    first = (await browser.get("/ledger?asset=BTC")).text
    assert "Older" in first
    found, more = [], "events?asset=BTC"
    while more:
        told = await ask_api(browser, more)
        found += told["events"]
        after = told["next"]
        more = after and f"events?asset=BTC&{httpx.QueryParams(after)}"
    assert len({e["event_id"] for e in found}) == 160
    assert json.dumps(found).count("BTC") >= 160


NEW_YORK = ZoneInfo("America/New_York")  # the story's


async def test_a_source_says_when_it_was_read_and_from_when_to_when_it_tells(
    story: House, run: Run
) -> None:
    async with story.owner() as browser:
        for path in ("/", "/sources"):
            page = (await browser.get(path)).text
            kraken, form = (_row_of(page, name) for name in ("kraken", "form:Kraken/K-1001/2025"))
            assert kraken[0].startswith("2026-11-20")
            assert "in step" in kraken[2]
            assert (form[0], form[2]) == ("", "imported")
        events = run("events", "--account", "wallet", "--json", config=story.path).json["events"]
        wallet = _row_of((await browser.get("/sources")).text.split('id="accounts"')[1], "wallet")
    days = sorted(datetime.fromisoformat(e["at"]).astimezone(NEW_YORK) for e in events)
    assert wallet[1:3] == [f"{day:%Y-%m-%d %H:%M}" for day in (days[0], days[-1])]


async def test_a_source_that_was_never_read_in_full_is_no_file(house: House) -> None:
    text = house.path.read_text(encoding="utf-8")
    account = '[[account]]\nname = "new"\nkind = "exchange"\nvenue = "kraken"\n'
    house.path.write_text(text + account, encoding="utf-8")
    await house._reload()
    async with house.owner() as browser:
        row = _row_of((await browser.get("/sources")).text, "new")
    assert row[0] == "never"
    assert "imported" not in row[2]


def _row_of(page: str, source: str) -> list[str]:
    """The words of the cells beside a source's name."""
    row = page.split(f'<th scope="row">{source}</th>')[1].split("</tr>")[0]
    return [re.sub(r"<[^>]*>", " ", cell).strip() for cell in row.split("</td>")]
