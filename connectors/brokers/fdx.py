"""FDX tax data as JSON (v6.4, v6.5): entity Tax1099Da with its list of DigitalAssetDetail.

Also as a statement's PDF carries it: key `fdxJson` of its information dictionary. The names of
boxes 7 to 12b are in no schema that could be read: they are taken by the names one would expect,
and said so; what has another name is kept, said, and not applied.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from config.errors import DataError
from connectors.brokers.reading import Reading, Said
from connectors.brokers.words import (
    Word,
    aggregate,
    amount,
    canonical,
    count,
    day,
    flag,
    gross_or_net,
    letter,
    plain_text,
    term,
    units,
)

FORM, DETAILS = "tax1099Da", "digitalAssetDetails"
DEEPEST = 12  # envelopes differ; none is deeper

_FIELDS: tuple[tuple[str, str, Word], ...] = (
    ("cusip", "cusip", plain_text),
    ("checkboxOnForm8949", "form_8949_box", letter),
    ("digitalAssetCode", "digital_asset_code", plain_text),
    ("digitalAssetName", "digital_asset_name", plain_text),
    ("units", "units", units),
    ("dateAcquired", "date_acquired", day),
    ("dateOfSale", "date_sold", day),
    ("proceeds", "proceeds", amount),
    ("costBasis", "basis", amount),
    ("accruedMarketDiscount", "accrued_market_discount", amount),
    ("washSaleLossDisallowed", "wash_sale_disallowed", amount),
    ("basisReported", "basis_reported", flag),
    ("grossOrNet", "gross_or_net", gross_or_net),
    ("qof", "qof", flag),
    ("federalTaxWithheld", "federal_tax_withheld", amount),
    ("lossNotAllowed", "loss_not_allowed", flag),
    ("longOrShort", "term", term),
    ("ordinary", "ordinary", flag),
)
_BY_NAME_ALONE: tuple[tuple[str, str, Word], ...] = (
    ("cashOnly", "cash_only", flag),
    ("cashProceeds", "cash_only", flag),
    ("customerProvided", "customer_provided", flag),
    ("customerProvidedInformation", "customer_provided", flag),
    ("noncoveredSecurity", "noncovered", flag),
    ("noncovered", "noncovered", flag),
    ("aggregateType", "aggregate", aggregate),
    ("aggregate", "aggregate", aggregate),
    ("numberOfTransactions", "transaction_count", count),
    ("transactionCount", "transaction_count", count),
    ("firstSaleProceeds", "first_sale_proceeds", amount),
    ("transferredInUnits", "transferred_in_units", units),
    ("unitsTransferredIn", "transferred_in_units", units),
    ("transferInDate", "transferred_in_date", day),
    ("transferredInDate", "transferred_in_date", day),
)
# helpers for Form 8949 and what says nothing beside other boxes
_LEFT_ALONE = frozenset(
    {"variousDatesAcquired", "adjustmentCodes", "incomplete", "exception1", "taxStatementId"}
    | {"multiple", "saleDescription", "stateAndLocal"}
)


def recognises(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") and f'"{FORM}"' in text


def read(text: str, name: str) -> Reading:
    """Every form of the document; raises DataError if it is no JSON."""
    try:
        document = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        json.dumps(document, default=str, ensure_ascii=False).encode()  # halves of characters
    except (ValueError, RecursionError):
        raise DataError(f"{name} is not JSON that can be read") from None
    lines, faults, notes, unknown = [], list[str](), list[str](), set[str]()
    for number, form in enumerate(_forms(document, 0), 1):
        issuer = _issuer(form)
        head = {"broker": issuer} if issuer else {}
        notes += _of_the_whole(form, number)
        details = form.get(DETAILS)
        if not isinstance(details, list):
            faults.append(f"form {number}: {DETAILS} is no list")
            continue
        try:
            whole = _is_corrected(form)
        except DataError as error:
            faults.append(f"form {number}: {error}")
            continue
        for place, detail in enumerate(details, 1):
            where = f"form {number}, detail {place}"
            if not isinstance(detail, dict):
                faults.append(f"{where} is no object")
                continue
            words = {k: v for k, v in detail.items() if v is not None and v != ""}
            unknown |= words.keys() - _names(_FIELDS) - _LEFT_ALONE
            try:
                _check_shapes(words)
                cells = canonical(_texts(words), (*_FIELDS, *_BY_NAME_ALONE))
            except DataError as error:
                faults.append(f"{where}: {error}")
                continue
            cells = {**_head(form), **cells, **_states(words)}
            lines.append(Said(where, cells, _texts(words), whole, head))
    return Reading(lines, faults, (*_notes(unknown), *notes))


def _forms(document: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Every Tax1099Da, however it is wrapped."""
    if depth > DEEPEST:
        return
    if isinstance(document, list):
        for one in document:
            yield from _forms(one, depth + 1)
    elif isinstance(document, dict):
        for key, one in document.items():
            if key == FORM and isinstance(one, dict):
                yield one
            elif key == FORM and isinstance(one, list):
                yield from (x for x in one if isinstance(x, dict))
            elif isinstance(one, (dict, list)):
                yield from _forms(one, depth + 1)


def _head(form: Mapping[str, Any]) -> dict[str, str]:
    told = {
        "account": form.get("accountNumber") or form.get("accountId"),
        "tax_year": form.get("taxYear"),
    }
    return {k: str(v) for k, v in told.items() if v is not None and str(v)}


def _of_the_whole(form: Mapping[str, Any], number: int) -> Iterator[str]:
    """What a form says of all its lines together, if they do not say it."""
    whole = form.get("federalTaxWithheld")
    details = form.get(DETAILS)
    lines = details if isinstance(details, list) else []
    told = any(isinstance(d, dict) and d.get("federalTaxWithheld") for d in lines)
    if whole and not told:
        yield f"form {number} states {whole} of tax withheld in all, and none of it by line"


def _issuer(form: Mapping[str, Any]) -> str | None:
    issuer = form.get("issuer")
    name = issuer.get("businessName") if isinstance(issuer, dict) else None
    if isinstance(name, dict):
        name = name.get("name1")
    return str(name) if name else None


def _is_corrected(form: Mapping[str, Any]) -> bool:
    """Raises DataError where that is neither yes nor no."""
    told = form.get("corrected")
    if told is None or told == "":
        return False
    said = _texts({"corrected": told}).get("corrected", repr(told))
    return said.casefold() == "corrected" or flag(said, "corrected") == "true"


def _check_shapes(words: Mapping[str, Any]) -> None:
    """Raises DataError for a box that is no plain value, and for more states than the form has."""
    for name in sorted(words.keys() & (_names(_FIELDS) | _names(_BY_NAME_ALONE))):
        if isinstance(words[name], (dict, list)):
            raise DataError(f"{name} is no plain value")
    states = words.get("stateAndLocal")
    if states is not None and (not isinstance(states, list) or len(states) > 2):
        raise DataError("stateAndLocal is no list of one or two states")


def _texts(words: Mapping[str, Any]) -> dict[str, str]:
    def text(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    return {k: text(v) for k, v in words.items() if not isinstance(v, (dict, list))}


def _states(words: Mapping[str, Any]) -> dict[str, str]:
    """Boxes 14 to 16, of two states at most."""
    found: dict[str, str] = {}
    told = words.get("stateAndLocal")
    for number, one in enumerate(told[:2] if isinstance(told, list) else (), 1):
        if not isinstance(one, dict):
            continue
        inner = one.get("state")
        state = {**one, **inner} if isinstance(inner, dict) else one
        boxes = {
            f"state_{number}": state.get("stateCode")
            or (None if isinstance(inner, dict) else inner),
            f"state_id_{number}": state.get("stateTaxId") or state.get("stateId"),
            f"state_withheld_{number}": state.get("stateTaxWithheld"),
        }
        found |= {k: str(v) for k, v in boxes.items() if v is not None}
    return found


def _names(table: tuple[tuple[str, str, Word], ...]) -> set[str]:
    return {name for name, _, _ in table}


def _notes(unknown: set[str]) -> Iterator[str]:
    guessed = sorted(unknown & _names(_BY_NAME_ALONE))
    if guessed:
        yield f"read by name alone, no public schema has them: {', '.join(guessed)}"
    if other := sorted(unknown - _names(_BY_NAME_ALONE)):
        yield f"kept and not applied, no public schema has them: {', '.join(other)}"
