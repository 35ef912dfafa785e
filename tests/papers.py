"""Fills the official forms with three copies of rows, reads them back and renders them to PNG.

python tests/papers.py [FOLDER OF THE BLANK FORMS]     (without one they come from irs.gov)
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pypdfium2

from config.official import official_forms
from syncer.reports.blanks import downloaded, find_blanks
from syncer.reports.money import Money
from syncer.reports.official import form_8949_pdf, schedule_d_answers, schedule_d_pdf
from syncer.tax.form_8949 import Row
from syncer.tax.netting import Carryover
from syncer.tax.schedule_d import schedule_d

OUT = Path("papers")


def rows(year: int, count: int = 25) -> list[Row]:
    """Both parts, one box each, losses, long hashes and codes among them."""
    boxes = {"I": "H", "II": "K"} if year >= 2025 else {"I": "C", "II": "F"}
    made = []
    for n in range(2 * count):
        part = "I" if n % 2 else "II"
        proceeds, basis = Decimal(1000 + 37 * n), Decimal(900 + 41 * n)
        fee = Decimal("-2.50") if n % 5 == 0 else Decimal(0)
        sold = date(year, 3, 1) + timedelta(days=n)
        made.append(
            Row(
                part,
                boxes[part],
                f"0.{n + 1:08} BTC" + (", 0x" + "ab" * 32 if n % 3 == 0 else ""),
                f"{sold.replace(year=year - 2):%m/%d/%Y}",
                f"{sold:%m/%d/%Y}",
                proceeds,
                basis,
                "E" if fee else "",
                fee,
                proceeds - basis + fee,
                f"e{n}",
                "a",
                "none",
                (),
            )
        )
    return made


def main(folder: Path | None) -> None:
    OUT.mkdir(exist_ok=True)
    for year in (2024, 2025):
        forms = official_forms(year)
        assert forms
        blanks = find_blanks(forms, folder, downloaded if folder is None else None)
        found = schedule_d(
            rows(year), Carryover(Decimal(100)), (Decimal(0), Decimal(0)), Decimal(3000)
        )
        money, answers = Money(), schedule_d_answers(found, Decimal(0))
        for name, pdf in (
            ("form-8949", form_8949_pdf(blanks, rows(year), money, "Ann Example")),
            ("schedule-d", schedule_d_pdf(blanks, found, answers, money, "Ann Example")),
        ):
            path = OUT / f"{name}-{year}.pdf"
            path.write_bytes(pdf)
            document = pypdfium2.PdfDocument(pdf)
            document.init_forms()
            for page in range(len(document)):
                image = document[page].render(scale=110 / 72).to_pil()
                image.save(OUT / f"{name}-{year}-{page + 1}.png")
            print(f"{path}: {len(document)} pages, read back and rendered")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
