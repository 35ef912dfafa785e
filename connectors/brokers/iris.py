"""IRIS XML, as filers send Form 1099-DA to the IRS: one detail element for each form.

Elements are known by their local name without regard to case. Those of the dates (1d, 1e, 12b) are
in no listing that could be read: they are known by what their names must hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from config.errors import DataError
from connectors.brokers.reading import Reading, Said
from connectors.brokers.words import (
    Word,
    amount,
    canonical,
    count,
    day,
    flag,
    letter,
    plain_text,
    units,
)

_FIELDS: tuple[tuple[str, str, Word], ...] = (
    ("taxyr", "tax_year", plain_text),
    ("voidind", "void", flag),
    ("correctedind", "corrected", flag),
    ("recipientaccountnum", "account", plain_text),
    ("cusipnum", "cusip", plain_text),
    ("form8949applicablecheckboxcd", "form_8949_box", letter),
    ("datypecd", "digital_asset_code", plain_text),
    ("danm", "digital_asset_name", plain_text),
    ("daunitqty", "units", units),
    ("acquired", "date_acquired", day),
    ("sold", "date_sold", day),
    ("proceedsamt", "proceeds", amount),
    ("costorotherbasisamt", "basis", amount),
    ("accruedmarketdiscountamt", "accrued_market_discount", amount),
    ("nondeductiblewashsalelossamt", "wash_sale_disallowed", amount),
    ("basisreportedind", "basis_reported", flag),
    ("qofind", "qof", flag),
    ("federalincometaxwithheldamt", "federal_tax_withheld", amount),
    ("lossnotallowedind", "loss_not_allowed", flag),
    ("ordinaryind", "ordinary", flag),
    ("cashonlyproceedsind", "cash_only", flag),
    ("brokerreliedcustacquisinfoind", "customer_provided", flag),
    ("noncoveredsecuritydaind", "noncovered", flag),
    ("transactioncnt", "transaction_count", count),
    ("nftattributablefirstsalesamt", "first_sale_proceeds", amount),
    ("datransferredinunitqty", "transferred_in_units", units),
    ("transferred", "transferred_in_date", day),
    ("stateabbreviationcd", "state_1", plain_text),
    ("stateidnum", "state_id_1", plain_text),
    ("statetaxwithheldamt", "state_withheld_1", amount),
    ("stateabbreviationcd 2", "state_2", plain_text),
    ("stateidnum 2", "state_id_2", plain_text),
    ("statetaxwithheldamt 2", "state_withheld_2", amount),
)
# a box of two or three: the element that is set names the choice
_CHOICES: Mapping[str, tuple[str, str]] = {
    "grossproceedsind": ("gross_or_net", "gross"),
    "netproceedsind": ("gross_or_net", "net"),
    "shorttermgainlossind": ("term", "short"),
    "longtermgainlossind": ("term", "long"),
    "qlfystablecoinsproceedsind": ("aggregate", "stablecoin"),
    "specifiednftproceedsind": ("aggregate", "nft"),
}
_DATES = {"transfer": "transferred", "acqui": "acquired", "sold": "sold", "dispos": "sold"}
NOTE = (
    "the dates are read by what the names of their elements hold: no public listing of the schema "
    "shows them"
)


def recognises(text: str) -> bool:
    return text.lstrip()[:1] == "<" and "daunitqty" in text.casefold()


def read(text: str, name: str) -> Reading:
    """Every detail of the document; raises DataError if it is no XML or has entities of its own."""
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        raise DataError(f"{name} is not XML that can be read") from None
    lines, faults = [], []
    for number, (detail, filer) in enumerate(_details(root), 1):
        where, head = f"detail {number}", {"broker": filer} if filer else {}
        try:
            words = dict(_words(detail))
            cells = {**canonical(words, _FIELDS), **_chosen(words)}
            lines.append(Said(where, cells, words, head=head))
        except DataError as error:
            faults.append(f"{where}: {error}")
    return Reading(lines, faults, (NOTE,))


def _details(root: Element) -> Iterator[tuple[Element, str | None]]:
    """Each detail with the issuer of its submission."""
    groups = [e for e in root.iter() if _local(e).endswith("submission1grp")]
    seen: set[int] = set()
    for group in (*groups, root):  # one outside every submission is read too
        filer = _filer(group)
        for element in group.iter():
            if _is_detail(element) and id(element) not in seen:
                seen |= {id(e) for e in element.iter()}  # a group inside a detail is a part of it
                yield element, filer


def _is_detail(element: Element) -> bool:
    name = _local(element)
    by_name = name.startswith("form1099da") and name.endswith("detail")
    return by_name or any(_local(c) == "daunitqty" for c in element)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].casefold() if isinstance(element.tag, str) else ""


def _words(detail: Element) -> Iterator[tuple[str, str]]:
    """Elements with text; dates under the name of what they are the date of."""
    states, seen = 0, set[str]()
    for element in detail.iter():
        said, name = (element.text or "").strip(), _local(element)
        states += name == "statelocaltaxgrp"
        if not said or element is detail:
            continue
        if name.startswith("state") and states > 1:
            name = f"{name} {states}"
        if name.endswith(("dt", "date")):
            name = _date_of(name) or name
        if name in seen:
            raise DataError(f"the element {_local(element)} is there twice")
        seen.add(name)
        yield name, said


def _date_of(name: str) -> str | None:
    held = (
        ("transfer", "transferred"),
        ("acqui", "acquired"),
        ("sold", "sold"),
        ("dispos", "sold"),
    )
    return next((ours for part, ours in held if part in name), None)


def _chosen(words: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, (column, choice) in _CHOICES.items():
        if name in words and flag(words[name], name) == "true":
            if column in found:
                raise DataError(f"{column} is both {found[column]} and {choice}")
            found[column] = choice
    return found


def _filer(root: Element) -> str | None:
    """The issuer's name, where the transmission has one."""
    issuers: Iterable[Element] = (e for e in root.iter() if _local(e) == "issuerdetail")
    for issuer in issuers:
        for element in issuer.iter():
            if _local(element) in ("businessnameline1txt", "businessnameline1"):
                return (element.text or "").strip() or None
    return None
