"""Templates, and how figures look on a page: aligned, in the person's time, never just blank."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from syncer import views
from syncer.web.words import TERMS, WHY

MINUS = "\N{MINUS SIGN}"  # as wide as a plus, and read out as what it is
STATIC = files("syncer.web").joinpath("static")


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("syncer.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "usd": usd,
        "number": number,
        "when": when,
        "words": words,
        "why": lambda key: WHY.get(key, words(key)),
        "asset": asset,
    }
    made.globals |= {"terms": TERMS, "version_of": version_of}
    return made


def usd(told: str | Decimal | None, unknown: str = "not known") -> Markup:
    """Dollars as `--json` tells them, grouped; a loss with a minus sign, not by colour alone."""
    told = views.usd(told) if isinstance(told, Decimal) else told
    if told is None:
        return Markup('<span class="unknown">{}</span>').format(unknown)
    negative, plain = told.startswith("-"), told.lstrip("-")
    whole, _, cents = plain.partition(".")
    text = f"{MINUS if negative else ''}${int(whole):,}.{cents or '00'}"
    return Markup('<span class="{}">{}</span>').format("usd loss" if negative else "usd", text)


def number(told: str | Decimal | None) -> Markup:
    """An exact quantity, whole digits grouped."""
    told = views.quantity(told) if isinstance(told, Decimal) else told
    if told is None:
        return Markup('<span class="unknown">not known</span>')
    negative, plain = told.startswith("-"), told.lstrip("-")
    whole, point, rest = plain.partition(".")
    return Markup('<span class="num">{}</span>').format(
        f"{MINUS if negative else ''}{int(whole):,}{point}{rest}"
    )


def when(told: str | datetime | None, zone: ZoneInfo, seconds: bool = False) -> Markup:
    """An instant in the person's zone, machine-readable beside."""
    if told is None:
        return Markup('<span class="unknown">never</span>')
    at = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    local = at.astimezone(zone)
    text = f"{local:%Y-%m-%d %H:%M:%S}" if seconds else f"{local:%Y-%m-%d %H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), f"{local:%Z}", text
    )


def words(key: str) -> str:
    return key.replace("_", " ").replace(":", ": ")


def asset(name: str) -> Markup:
    """A coin of no listed name is long; the middle is left to the title."""
    if len(name) <= 28:
        return escape(name)
    return Markup('<span title="{}">{}</span>').format(name, f"{name[:14]}…{name[-8:]}")


@cache
def version_of(file: str) -> str:
    """Changes with what a static file holds, so that browsers may keep it."""
    return hashlib.sha256(STATIC.joinpath(file).read_bytes()).hexdigest()[:12]


def render(template: str, context: Mapping[str, Any]) -> str:
    return environment().get_template(template).render(context)
