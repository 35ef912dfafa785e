"""alerts, alerts test, alerts snooze: what a person sees, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from connectors import notify
from tests.conftest import Run
from tests.serving import serving


def _webhook(got: list[Any], status: int = 200) -> web.Application:
    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/{name:.*}", take)
    return app


def test_a_test_message_to_every_channel_and_what_fails(run: Run, config: Path) -> None:
    got: list[Any] = []
    with serving(_webhook(got)) as good, serving(_webhook([], 500)) as bad:
        urls = [u.replace("http://", "json://me:secret-word@") + "/" for u in (good, bad)]
        config.write_text(config.read_text() + f"[alerts]\nurls = {urls}\n")
        done = run("alerts", "test", config=config)
    assert done.code == 1
    assert [m["title"] for m in got] == ["Syncer: a test message"]
    assert done.out.count("delivered") == 1
    assert "did not take a message" in done.err
    assert "secret-word" not in done.out + done.err


def test_no_channel_is_one_sentence(run: Run, config: Path) -> None:
    done = run("alerts", "test", config=config)
    assert (done.code, "names no channel" in done.err) == (2, True)


def test_an_unknown_alert_and_an_odd_length_are_refused(run: Run, config: Path) -> None:
    done = run("alerts", "snooze", "harvest:k:BTC:2026", config=config)
    assert (done.code, "there is no alert harvest:k:BTC:2026" in done.err) == (2, True)
    done = run("alerts", "snooze", "x", "--for", "long", config=config)
    assert (done.code, "--for long must look like" in done.err) == (2, True)


async def test_a_watchman_is_told_and_his_address_stays_secret() -> None:
    got: list[str] = []

    async def take(request: web.Request) -> web.Response:
        got.append(request.path)
        return web.Response(status=200 if "good" in request.path else 404)

    app = web.Application()
    app.router.add_get("/{name:.*}", take)
    with serving(app) as url:
        assert await notify.ping(f"{url}/good-secret") is None
        said = await notify.ping(f"{url}/other-secret")
    assert got == ["/good-secret", "/other-secret"]
    assert said == "the address of [alerts] ping_url answered 404"
