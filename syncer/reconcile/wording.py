"""What is said of each kind of reason and gap: how grave it is, what it is, what to do."""

from __future__ import annotations

from collections.abc import Mapping

# of a line: severity, what it is, what to do; whether it tells dollars
REASONS: Mapping[str, tuple[str, str, str]] = {
    "transferred_in_order": (
        "check",
        "the broker took other lots: it counts units that came in by their transfer",
        "yours is by acquisition date (Reg. 1.1012-1(j)(3)); code B corrects the basis",
    ),
    "method_difference": (
        "check",
        "the broker took other lots than those identified on your books (Notice 2026-20, 4.05)",
        "keep the record of the identification; code B corrects the basis",
    ),
    "fee_treatment": (
        "info",
        "the form leaves a fee out of account",
        "a selling fee is in (g) with code E, one of the purchase corrects the basis with code B",
    ),
    "fee_units": (
        "info",
        "the form counts the units that paid the fee with those that were sold",
        "nothing to do: sale and fee are a row each",
    ),
    "time_zone": (
        "info",
        "the date differs by a day: the broker uses another time zone",
        "nothing to do unless the day crosses New Year or the one-year line",
    ),
    "rounding": (
        "info",
        "the form is rounded elsewhere",
        "nothing to do",
    ),
    "optional_aggregate": (
        "info",
        "the form sums up a year of sales (box 11a)",
        "nothing to do: each sale is a row, and they add up to box 1f",
    ),
    "basis_unknown_to_broker": (
        "info",
        "the broker states no basis",
        "column (e) is from the ledger, box H or K",
    ),
    "informational_basis": (
        "check",
        "the broker shows a basis that it did not report to the IRS, and it differs",
        "column (e) is from the ledger, code B",
    ),
    "wrong_term": (
        "check",
        "the term on the form differs",
        "the row is on the part of the right term, code T",
    ),
    "wash_sale": (
        "check",
        "the form disallows a loss that was replaced within 30 days",
        "the row has code W; [wash_sale] says whether the ledger moves the basis to the new lot",
    ),
    "loss_not_allowed": (
        "check",
        "the form says that no loss is allowed",
        "the row has code L: a loss counts as 0",
    ),
    "transfer_reported_as_sale": (
        "wrong",
        "the form reports as a sale what was none",
        "ask the broker for a corrected form; it is not on Form 8949",
    ),
    "deferred_n2024_57": (
        "check",
        "the form reports what brokers need not report for now",
        "see [treatment]: as it is set this is no disposition",
    ),
    "duplicate_line": (
        "wrong",
        "the form lists a sale twice",
        "ask the broker for a corrected form, or import the second sale if there was one; it is "
        "on Form 8949 once",
    ),
    "broker_error": (
        "wrong",
        "the form is wrong here",
        "ask the broker for a corrected form, and confirm it: syncer reconcile broker-error LINE "
        "--note TEXT; until then proceeds follow the form, and a reported basis has code B",
    ),
    "missing_in_ledger": (
        "wrong",
        "the ledger has no such sale",
        "import what is missing, or pair it by hand: syncer reconcile pair LINE DISPOSAL",
    ),
    "unexplained": (
        "wrong",
        "no known reason fits",
        "compare the broker's confirmation with the ledger; until then proceeds follow the form, "
        "and a reported basis has code B",
    ),
}

# of disposals that no line names
UNREPORTED: Mapping[str, tuple[str, str, str, str]] = {
    "form_awaited": (
        "form_awaited",
        "info",
        "no form of this broker for the year is imported",
        "import the form when it comes; until then the box is open",
    ),
    "fee_missing": (
        "missing_on_form",
        "info",
        "a fee paid in coin that the form does not list",
        "it is on Form 8949 all the same, box I or L",
    ),
    "missing_on_form": (
        "missing_on_form",
        "check",
        "the form does not list this sale",
        "it is on Form 8949 all the same, box I or L; ask for a corrected form",
    ),
    "not_a_broker_sale": (
        "not_a_broker_sale",
        "info",
        "nobody reports what a wallet or an account without a broker disposes of",
        "it is on Form 8949, box I or L (C or F to 2024)",
    ),
    "optional_aggregate": (
        "optional_aggregate",
        "info",
        "the broker may leave it out (Reg. 1.6045-1(d)(10))",
        "it is on Form 8949, box I or L",
    ),
    "below_de_minimis": (
        "below_de_minimis",
        "info",
        "the broker may leave it out (Reg. 1.6045-1(d)(10))",
        "it is on Form 8949, box I or L",
    ),
    "deferred_n2024_57": (
        "deferred_n2024_57",
        "info",
        "brokers need not report it for now (Notice 2024-57)",
        "it is on Form 8949, box I or L, as [treatment] is set",
    ),
}
