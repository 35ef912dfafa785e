"""Delivers a message through apprise to the channels that a person set."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

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


async def send(url: str, title: str, body: str) -> None:
    """Deliver to one channel; raises TransientError if it refused."""
    import apprise

    channel = apprise.Apprise()
    # what is longer than a service takes comes in parts, and not cut or refused
    channel.add(url if "overflow=" in url else f"{url}{'&' if '?' in url else '?'}overflow=split")
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
