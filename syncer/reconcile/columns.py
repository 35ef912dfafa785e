"""How a matched line goes on Form 8949: a row for each slice that it reports of.

Instructions for Form 8949: (d) is the form's amount, or what was really received if that is more;
fees that it left in go to (g) with E; a reported basis stays in (e) and is corrected in (g) with B;
a wrong term is T; box 5 is L, box 1i is W. What no reason explains is not adjusted: the row follows
the form until it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from config.exact import ZERO, dealt
from config.tax_law import TaxYear
from syncer.reconcile.model import LineResult, Piece, total
from syncer.tax.form_8949 import Reported


def columns(result: LineResult, law: TaxYear) -> Iterator[tuple[str, Reported]]:
    """(disposal id, columns) of each piece."""
    proceeds, bases = _proceeds(result), _bases(result)
    lost = _dealt_loss(result)
    for piece, d, e, more in zip(result.pieces, proceeds, bases, lost, strict=True):
        yield piece.slice.disposal_id, _row(piece, result, d, e, more, law)


def _proceeds(result: LineResult) -> list[Decimal | None]:
    ours = [p.proceeds for p in result.pieces]
    known = total(ours)
    if "proceeds_usd" not in result.differences:
        return list(ours)
    # more was received than the form says: that amount goes in (Instructions, column (d))
    if known is not None and known > result.line.amount and "rounding" not in result.kinds:
        return list(ours)
    weights = [p.units for p in result.pieces]
    if result.reason("fee_treatment") and known is not None:
        weights = [(p.proceeds or ZERO) + p.fees for p in result.pieces]
    return list(dealt(result.line.amount, weights, sum(weights, ZERO)))


def _bases(result: LineResult) -> list[Decimal | None]:
    ours = [p.basis for p in result.pieces]
    basis = result.line.basis
    if not result.line.known_to_irs or basis is None or total(ours) == basis:
        return list(ours)
    weights = [p.units for p in result.pieces]
    return list(dealt(basis, weights, sum(weights, ZERO)))


def _dealt_loss(result: LineResult) -> list[Decimal]:
    """Boxes 1i and 5 as dollars of each piece that are not allowed."""
    weights = [p.units for p in result.pieces]
    whole = sum(weights, ZERO)
    if result.line.loss_not_allowed:
        return [max(ZERO, (p.basis or ZERO) - (p.proceeds or ZERO)) for p in result.pieces]
    washed = result.line.wash_sale_disallowed or ZERO
    if any(p.washed for p in result.pieces):
        washed = ZERO  # the ledger disallows it itself
    return list(dealt(washed, weights, whole))


def _row(
    piece: Piece,
    result: LineResult,
    proceeds: Decimal | None,
    basis: Decimal | None,
    lost: Decimal,
    law: TaxYear,
) -> Reported:
    one, line = piece.slice, result.line
    if one.term is None:  # a shortage: which part it belongs on is not known
        return Reported(None, "", proceeds, basis, units=piece.units, line=line.key)
    codes: dict[str, Decimal] = {}
    if piece.washed or (lost and not line.loss_not_allowed):
        codes["W"] = piece.washed + (ZERO if line.loss_not_allowed else lost)
    if lost and line.loss_not_allowed:
        codes["L"] = lost
    codes |= _corrections(piece, result, proceeds, basis)
    if line.term is not None and one.term != line.term:
        codes["T"] = ZERO
    name = ("reported_" if line.known_to_irs else "unreported_") + one.term
    return Reported(
        law.boxes[name],
        "".join(sorted(codes)),
        proceeds,
        basis,
        sum(codes.values(), ZERO),
        piece.units,
        line.key,
        washed=codes.get("W", ZERO),
        by_hand=bool(line.not_applied),
    )


def _corrections(
    piece: Piece, result: LineResult, proceeds: Decimal | None, basis: Decimal | None
) -> Iterator[tuple[str, Decimal]]:
    ours = piece.proceeds
    if ours is not None and proceeds is not None and proceeds != ours:
        if "fee_treatment" in result.kinds and "proceeds_usd" in result.differences:
            yield "E", ours - proceeds
        elif _is_error(result):
            yield "O", ours - proceeds
    if result.line.known_to_irs and basis is not None and piece.basis is not None:
        if basis != piece.basis:
            yield "B", basis - piece.basis
    elif "basis_usd" in result.differences:
        yield "B", ZERO


def _is_error(result: LineResult) -> bool:
    """Whether evidence or a person says that the form's proceeds are wrong."""
    less = result.differences.get("proceeds_usd")
    return any(r.kind == "broker_error" and r.usd == less for r in result.reasons)
