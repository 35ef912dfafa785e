"""What is explained on the spot: terms of the tax, and why a figure is missing or open."""

from __future__ import annotations

TERMS = {
    "short-term": "Held for one year or less; taxed like wages.",
    "long-term": "Held for more than one year; taxed at 0, 15 or 20 percent.",
    "basis": "What the units cost you, with fees. Proceeds less basis is the gain.",
    "carryover": "Loss beyond what one year may deduct ($3,000; $1,500 if married filing "
    "separately). It goes on to the next year, short-term and long-term apart.",
    "deductible": "Of a net loss, what this year's other income may be lowered by.",
    "harvest": "To sell at a loss on purpose, so that the loss lowers this year's tax.",
    "lot": "Units bought together: one date, one basis. A sale takes units from lots.",
    "wash sale": "IRC 1091 disallows a loss if the same is bought within 30 days. It names stock "
    "and securities, not coins; Syncer marks such buys.",
    "identification": "A record of which lots a sale takes. It must exist no later than the sale.",
    "proved": "Recorded here before the sale.",
    "attested": "Recorded elsewhere before the sale; you said where that record lies.",
    "1099-DA": "The form by which a broker tells you and the IRS of your sales.",
    "pool": "Accounts whose lots the law takes together: those at one broker; each wallet.",
    "undecided": "Value of events that wait for your word, so that nothing is guessed.",
    "covered": "The broker had to track the basis, because the units were bought and kept there.",
    "net benefit": "Tax saved, less the cost of the sale.",
    "FIFO": "First in, first out: the oldest lot is sold first. It holds where no identification "
    "says otherwise.",
}
WHY = {
    "no_price": "no price is known",
    "rate_limited": "the price source asked to slow down",
    "unreachable": "the price source could not be reached",
    "asset_unknown": "no price source knows this asset",
    "oversold": "more was disposed of than is known to have been acquired",
    "locked": "locked by your settings",
    "unsellable": "cannot be sold, by your settings",
    "dust": "less than the smallest sale",
    "in_transit": "on its way between accounts",
    "basis_not_known": "a basis is not known: see Review",
    "worthless_needs_a_sale": "worthless is no loss by itself: a sale or exchange is needed "
    "(CCA 202302011)",
}
