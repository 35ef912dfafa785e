"""Delivers a message through apprise to the channels that a person set."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread

from config.errors import ConfigError, TransientError
from connectors.web import Web

# it writes whole addresses, tokens included, to its log
logging.getLogger("apprise").disabled = True


def check_urls(urls: Sequence[str]) -> None:
    """Raises ConfigError for a channel that apprise does not understand; no secret is shown."""
    if not urls:
        return
    import apprise  # loaded when needed: a quarter of a second

    for number, url in enumerate(urls, start=1):
        if not apprise.Apprise().add(url):
            scheme = url.split("://")[0] if "://" in url else "no scheme"
            raise ConfigError(
                f"[alerts] urls, number {number} ({scheme}) is not a channel that apprise knows"
            )


def channel_of(url: str) -> str:
    """What a channel is known by, wherever it stands in the settings: nothing of it can be read."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def masked(url: str) -> str:
    """A channel as it may be shown: its kind alone, for host and path may be what is secret."""
    return url.split("://")[0] if "://" in url else "no scheme"


LONGEST_SECONDS = 60.0
TOO_SLOW = "a notification channel did not answer in time; a message is sent again"


async def send(url: str, title: str, body: str) -> None:
    """Deliver to one channel; raises TransientError if it refused or took too long."""
    import apprise

    # whoever is told stays: a message is not sent on to where its server points
    channel = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    # what is longer than a service takes comes in parts, and not cut or refused
    channel.add(url if "overflow=" in url else f"{url}{'&' if '?' in url else '?'}overflow=split")
    taking = _in_a_thread_of_its_own(lambda: bool(channel.notify(title=title, body=body)))
    try:
        taken = await asyncio.wait_for(asyncio.wrap_future(taking), LONGEST_SECONDS)
    except TimeoutError:
        raise TransientError(TOO_SLOW) from None
    if not taken:
        raise TransientError("a notification channel did not take a message; it is sent again")


def _in_a_thread_of_its_own(work: Callable[[], bool]) -> Future[bool]:
    """A channel that trickles holds none of the threads that others need, and no end of Syncer."""
    done: Future[bool] = Future()

    def run() -> None:
        done.set_running_or_notify_cancel()
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, daemon=True, name="notify").start()
    return done


async def ping(url: str) -> str | None:
    """Tell a watchman that all is well; a sentence if it does not hear, without its address, which
    is a secret."""
    web = Web("the address of [alerts] ping_url", url)
    try:
        status, _ = await web.text("")
    except TransientError as error:
        return str(error)
    finally:
        await web.close()
    return None if status < 400 else f"the address of [alerts] ping_url answered {status}"
