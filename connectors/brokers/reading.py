"""What a reader of brokers' forms gives back: canonical rows, and where each stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says of a file that it does not say itself."""

    broker: str | None = None
    account: str | None = None
    year: int | None = None

    @property
    def cells(self) -> dict[str, str]:
        told = {"broker": self.broker, "account": self.account}
        found = {k: v for k, v in told.items() if v}
        return found | ({"tax_year": str(self.year)} if self.year else {})


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a form: `cells` by canonical column, empty ones left out; `words` are the file's
    own, where it is not our canonical CSV. `whole` says that it is of a corrected statement, which
    replaces all of its form; `head` is what the form or page says of it, where the person does not
    say it."""

    place: str
    cells: Mapping[str, str]
    words: Mapping[str, object] = field(default_factory=dict)
    whole: bool = False
    head: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines of a file, a sentence for each that cannot be read, and what to know of the
    format, which is named."""

    lines: list[Said]
    faults: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    format: str = ""
