"""Templates, and how figures look on a page: aligned, in the person's time, never just blank."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
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
_OF_EVERY_DICT = frozenset(dir(dict))  # `told.get` stays what it is, whatever a query says
STATIC = files("syncer.web").joinpath("static")


class _Environment(Environment):
    """Documents are dicts, and to ask them for an attribute first takes most of a page's time."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj and attribute not in _OF_EVERY_DICT:
            return obj[attribute]
        return super().getattr(obj, attribute)


@cache
def environment() -> Environment:
    made = _Environment(
        loader=PackageLoader("syncer.web"),
        autoescape=True,
        auto_reload=False,
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
        "moves": moves,
        "dollars": dollars,
    }
    made.globals |= {"terms": TERMS, "version_of": version_of}
    return made


def usd(told: str | Decimal | None, unknown: str = "not known") -> Markup:
    """Dollars as `--json` tells them, grouped; a loss with a minus sign, not by colour alone."""
    told = views.usd(told) if isinstance(told, Decimal) else told
    if told is None:
        return _span("unknown", unknown)
    negative, plain = told.startswith("-"), told.lstrip("-")
    whole, _, cents = plain.partition(".")
    text = f"{MINUS if negative else ''}${int(whole):,}.{cents:0<2}"
    return _span("usd loss" if negative else "usd", text)


def number(told: str | Decimal | None) -> Markup:
    """An exact quantity, whole digits grouped."""
    told = views.quantity(told) if isinstance(told, Decimal) else told
    if told is None:
        return _span("unknown", "not known")
    negative, plain = told.startswith("-"), told.lstrip("-")
    whole, point, rest = plain.partition(".")
    return _span("num", f"{MINUS if negative else ''}{int(whole):,}{point}{rest}")


def when(told: str | datetime | None, zone: ZoneInfo, seconds: bool = False) -> Markup:
    """An instant in the person's zone, machine-readable beside."""
    if told is None:
        return _span("unknown", "never")
    at = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    local = at.astimezone(zone)
    text = local.replace(tzinfo=None).isoformat(" ", "seconds" if seconds else "minutes")
    name = escape(local.tzname())
    html = f'<time datetime="{at.isoformat()}" title="{name}">{text}</time>'
    return Markup(html)  # noqa: S704 - as `_span`


def _span(kind: str, text: str) -> Markup:
    """Joined here: `Markup.format` takes ten times longer, and a page has thousands."""
    return Markup(f'<span class="{kind}">{escape(text)}</span>')  # noqa: S704 - it is escaped


def words(key: str) -> str:
    return key.replace("_", " ").replace(":", ": ")


def asset(name: str) -> Markup:
    """A coin of no listed name is long; the middle is left to the title."""
    if len(name) <= 28:
        return escape(name)
    return Markup('<span title="{}">{}</span>').format(name, f"{name[:14]}…{name[-8:]}")


def moves(legs: Iterable[Mapping[str, Any]]) -> Markup:
    """What moved, a line each."""
    return Markup("<br>").join(
        Markup("%s %s%s <small>%s</small>")
        % (number(g["quantity"]), asset(g["asset"]), " fee" * (g["role"] == "fee"), g["account"])
        for g in legs
    )


def dollars(legs: Iterable[Mapping[str, Any]]) -> Markup:
    """Of each leg, beside `moves`."""
    return Markup("<br>").join(usd(g["usd"]) for g in legs)


@cache
def version_of(file: str) -> str:
    """Changes with what a static file holds, so that browsers may keep it."""
    return hashlib.sha256(STATIC.joinpath(file).read_bytes()).hexdigest()[:12]


def render(template: str, context: Mapping[str, Any]) -> str:
    return environment().get_template(template).render(context)
