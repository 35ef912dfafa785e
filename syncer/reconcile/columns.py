"""How a matched line goes on Form 8949: a row for each slice that it reports of.

Instructions for Form 8949: (d) is the form's amount, or what was really received if that is more;
fees that it left in go to (g) with E; a reported basis stays in (e) and is corrected in (g) with B;
a wrong term is T; box 5 is L, box 1i is W. Proceeds that no reason explains are not adjusted: the
row follows the form until they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from config.exact import ZERO, dealt
from config.tax_law import TaxYear
from connectors.brokers.form_1099da import FormLine
from syncer.reconcile.model import LineResult, Piece, total
from syncer.reconcile.reasons import PROCEEDS
from syncer.tax.form_8949 import Reported


def columns(result: LineResult, law: TaxYear) -> Iterator[tuple[str, Reported]]:
    """(disposal id, columns) of each piece."""
    rows = [
        _Row(piece, d, e, dict(_corrections(piece, result, d, e)))
        for piece, d, e in zip(result.pieces, _proceeds(result), _bases(result), strict=True)
    ]
    _disallow(rows, result.line)
    plain = _is_plain(result)
    for row in rows:
        yield row.piece.slice.disposal_id, replace(_reported(row, result.line, law), plain=plain)


def _is_plain(result: LineResult) -> bool:
    """Whether the line says what the ledger says, and nothing of a wash sale: Exception 1."""
    rounded = {"units", "proceeds_usd"} if result.has("rounding", PROCEEDS) else set()
    return not (result.differences.keys() - rounded or result.line.wash_sale_disallowed)


@dataclass(slots=True)
class _Row:
    """A row while it is worked out: columns (d), (e), and by code what goes to (g)."""

    piece: Piece
    proceeds: Decimal | None
    basis: Decimal | None
    codes: dict[str, Decimal]

    @property
    def loss(self) -> Decimal:
        """What column (h) would lose; nothing for a gain or where a figure is not known."""
        if self.proceeds is None or self.basis is None:
            return ZERO
        return max(ZERO, self.basis - self.proceeds - sum(self.codes.values(), ZERO))


def _proceeds(result: LineResult) -> list[Decimal | None]:
    ours = [p.proceeds for p in result.pieces]
    known = total(ours)
    if "proceeds_usd" not in result.differences:
        return list(ours)
    # more was received than the form says: that amount goes in (Instructions, column (d))
    more = known is not None and known > result.line.amount
    if more and not result.has("rounding", PROCEEDS):
        return list(ours)
    if known is None:
        weights = [p.units for p in result.pieces]
        return list(dealt(result.line.amount, weights, sum(weights, ZERO)))
    fees = result.has("fee_treatment", PROCEEDS)
    each = [(p.proceeds or ZERO) + (p.fees if fees else ZERO) for p in result.pieces]
    return _brought_to(result.line.amount, each, result)


def _brought_to(
    whole: Decimal, each: Sequence[Decimal], result: LineResult
) -> list[Decimal | None]:
    """Each piece has its own dollars; only what the form says more, or less, is dealt to them."""
    weights = [abs(x) for x in each]
    if not any(weights):
        weights = [p.units for p in result.pieces]
    more = dealt(whole - sum(each, ZERO), weights, sum(weights, ZERO))
    return [own + share for own, share in zip(each, more, strict=True)]


def _bases(result: LineResult) -> list[Decimal | None]:
    ours = [p.basis for p in result.pieces]
    basis = result.line.basis
    if not result.line.known_to_irs or basis is None or total(ours) == basis:
        return list(ours)
    if total(ours) is None:
        weights = [p.units for p in result.pieces]
        return list(dealt(basis, weights, sum(weights, ZERO)))
    return _brought_to(basis, [b or ZERO for b in ours], result)


def _corrections(
    piece: Piece, result: LineResult, proceeds: Decimal | None, basis: Decimal | None
) -> Iterator[tuple[str, Decimal]]:
    line, ours = result.line, piece.proceeds
    if ours is not None and proceeds is not None and proceeds != ours:
        if result.has("fee_treatment", PROCEEDS):
            yield "E", ours - proceeds
        elif result.is_told("broker_error", PROCEEDS):  # a guess that they slipped is none
            yield "O", ours - proceeds
    if line.known_to_irs and basis is not None and piece.basis is not None:
        if basis != piece.basis:
            yield "B", basis - piece.basis
    elif "basis_usd" in result.differences:
        yield "B", ZERO
    if line.stated_term is not None and piece.slice.term not in (None, line.stated_term):
        yield "T", ZERO
    if piece.washed:
        yield "W", piece.washed


def _disallow(rows: Sequence[_Row], line: FormLine) -> None:
    """Box 1i over the losses of a line, where the ledger disallows none itself; box 5 what is left
    of a loss."""
    losses = [r.loss for r in rows]
    whole = sum(losses, ZERO)
    washed = min(line.wash_sale_disallowed or ZERO, whole)
    if washed > ZERO and not any(r.piece.washed for r in rows):
        for row, share in zip(rows, dealt(washed, losses, whole), strict=True):
            if share:
                row.codes["W"] = share
    if line.loss_not_allowed:
        for row in rows:
            if row.loss:
                row.codes["L"] = row.loss


def _reported(row: _Row, line: FormLine, law: TaxYear) -> Reported:
    units, term = row.piece.units, row.piece.slice.term
    if term is None:  # a shortage: which part it belongs on is not known
        return Reported(None, "", row.proceeds, row.basis, units=units, line=line.key)
    name = ("reported_" if line.known_to_irs else "unreported_") + term
    return Reported(
        law.boxes.get(name),
        "".join(sorted(row.codes)),
        row.proceeds,
        row.basis,
        sum(row.codes.values(), ZERO),
        units,
        line.key,
        washed=row.codes.get("W", ZERO),
        by_hand=bool(line.not_applied),
    )
