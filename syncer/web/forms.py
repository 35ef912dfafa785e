"""What a form of the page sent, read whole and let go of."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile

from syncer.web.uploads import Upload

MOST_FIELDS = 5_000


@dataclass(frozen=True, slots=True)
class Sent:
    """Fields in their order; one may be there several times."""

    pairs: tuple[tuple[str, str], ...]
    file: Upload | None = None

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.pairs)

    def all_of(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


async def sent(request: Request) -> Sent:
    """Texts without what surrounds them, and the file `file` if there is one."""
    async with request.form(max_files=1, max_fields=MOST_FIELDS) as form:
        pairs = [(k, v.strip()) for k, v in form.multi_items() if isinstance(v, str)]
        file = form.get("file")
        upload = await Upload.of(file) if isinstance(file, UploadFile) and file.filename else None
    return Sent(tuple(pairs), upload)
