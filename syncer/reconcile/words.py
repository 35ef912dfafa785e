"""What a person said of form lines: kept with all other decisions, under `form_line:LINE`."""

from __future__ import annotations

from collections.abc import Iterable

from syncer.ledger.decisions import Decision
from syncer.reconcile.model import Word

KIND = "form_line"
PAIR, APART, BROKER_ERROR = "pair", "apart", "broker_error"


def subject(line: str) -> str:
    return f"{KIND}:{line}"


def words_of(decisions: Iterable[Decision]) -> dict[str, Word]:
    """By line key."""
    return {d.event: _word(d) for d in decisions if d.kind == KIND}


def _word(one: Decision) -> Word:
    named = tuple(one.other.split(",")) if one.other else ()
    if one.answer == PAIR:
        return Word(pair=named)
    if one.answer == APART:
        return Word(apart=frozenset(named))
    return Word(pair=named, broker_error=one.note or "")
