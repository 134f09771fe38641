"""A statement as it is read and handed on: plain values, in the words and numbers that stand on every form of it.

Money is `Decimal` EUR, two decimals in amounts and four in unit prices; times are aware and UTC, `zone` is the contract's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from portal.billing.meters import Reading

# Of the canonical form; see `portal.billing.canonical`.
LATEST_FORM = 2
NOTES = {
    "no_price": _("No price was agreed."),
    "first_day": _("Terms changed within the month; those of its first day hold."),
    "peak_day": _("Terms changed within the month; those of the day of the peak hold."),
    "by_days": _("Terms changed within the month; charged by days."),
    "corrected": _("Corrects what became known later."),
}


@dataclass(frozen=True)
class Price:
    """The terms of `days` days of a month from `first` on, where more than one contract was in force in it."""

    first: date
    days: int
    charged: int
    unit_price: Decimal


@dataclass(frozen=True)
class Line:
    """One line. `kind` is "peak", "sum" or "correction"; a correction names the statement it `corrects`.

    `charged` are units after the free ones; `amount` may be negative on a correction only, where it is what is to be added
    to what was charged before: `old_value` and `old_amount`. Its other numbers are those of the month it corrects, as known
    now. `note_code` is a key of NOTES or "", `note` the sentence. `prices` are there when terms changed within the month.
    """

    position: int
    kind: str
    meter: str
    label: str
    reading: Reading
    free_units: int
    charged: int
    unit_price: Decimal
    amount: Decimal
    note_code: str = ""
    corrects: str = ""
    old_value: int | None = None
    old_amount: Decimal | None = None
    prices: Sequence[Price] = ()

    @property
    def note(self) -> str:
        return str(NOTES[self.note_code]) if self.note_code else ""


@dataclass(frozen=True)
class Document:
    """`number` is "" while it is a draft; so are `digest` and `closed_at`. `closed_by` is "" when the portal closed it.

    `month` is its first day. `reason` says why it was closed although something stood in the way; `previous_digest` is the
    digest of the statement before it. `vat_kind` is a kind of `VatTerms`, `vat_number` the customer's where the tax is
    reverse-charged, `vat_ground` that of an exemption. `form` is that of the canonical form.
    `tenant_slug` is the company's address, "" on statements of the first form.
    """

    number: str
    tenant: str
    month: date
    zone: str
    currency: str
    lines: Sequence[Line]
    net: Decimal
    vat_rate: Decimal
    vat: Decimal
    gross: Decimal
    drawn_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    digest: str = ""
    reason: str = ""
    previous_digest: str = ""
    vat_kind: str = "standard"
    vat_number: str = ""
    vat_ground: str = ""
    form: int = LATEST_FORM
    tenant_slug: str = ""

    @property
    def draft(self) -> bool:
        return not self.number
