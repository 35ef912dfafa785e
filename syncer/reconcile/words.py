"""What a person said of form lines: kept with all other decisions, under `form_line:LINE`."""

from __future__ import annotations

from collections.abc import Iterable

from syncer.ledger.decisions import Decision
from syncer.reconcile.model import Word

KIND = "form_line"
PAIR, APART, BROKER_ERROR = "pair", "apart", "broker_error"
NOT = "-"  # before a disposal that a line is not


def subject(line: str) -> str:
    return f"{KIND}:{line}"


def words_of(decisions: Iterable[Decision]) -> dict[str, Word]:
    """By line key."""
    return {d.event: _word(d) for d in decisions if d.kind == KIND}


def _word(one: Decision) -> Word:
    named = one.other.split(",") if one.other else []
    apart = frozenset(n.removeprefix(NOT) for n in named if n.startswith(NOT))
    pair = tuple(n for n in named if not n.startswith(NOT))
    return Word(pair, apart, (one.note or "") if one.answer == BROKER_ERROR else None)


def told(word: Word) -> str | None:
    """As a decision keeps it."""
    return ",".join((*word.pair, *sorted(NOT + i for i in word.apart))) or None
