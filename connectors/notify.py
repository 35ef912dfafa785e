"""Delivers a message through apprise to the channels that a person set."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

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


def masked(url: str) -> str:
    """A channel as it may be shown: its kind and host, no secret."""
    import apprise

    found = apprise.Apprise()
    found.add(url)
    hidden: list[Any] = list(found)
    shown = hidden[0].url(privacy=True) if hidden else url.split("://")[0] + "://"
    return str(shown).partition("?")[0]


async def send(url: str, title: str, body: str) -> None:
    """Deliver to one channel; raises TransientError if it refused."""
    import apprise

    channel = apprise.Apprise()
    channel.add(url)
    if not await channel.async_notify(title=title, body=body):
        raise TransientError("a notification channel did not take a message; it is sent again")


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
