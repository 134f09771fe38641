"""What is refused about vendors' invoices. `str()` is a sentence for the person: what was not done, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.tenancy.refusals import Refused

if TYPE_CHECKING:
    from portal.billing.invoices.models import VendorInvoice

# A person corrects these and sends the file again.
MOST_TOLD = 30


@dataclass(frozen=True)
class BadLine:
    """`number` is that of the line in the file; `reason` a sentence."""

    number: int
    reason: str

    def __str__(self) -> str:
        return _("Line %(number)s: %(reason)s") % {"number": self.number, "reason": self.reason}


class BadLines(Refused):
    """The whole file is refused for some of its lines."""

    def __init__(self, lines: Sequence[BadLine]) -> None:
        self.lines = list(lines)
        super().__init__()

    def sentence(self) -> str:
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """The first of them, how many more there are, and that nothing was kept."""
        told = [str(line) for line in self.lines[:MOST_TOLD]]
        more = len(self.lines) - len(told)
        if more:
            told.append(ngettext("%(n)d more line is wrong.", "%(n)d more lines are wrong.", more) % {"n": more})
        return [*told, _("Nothing was kept. Correct the lines and send the whole file again.")]


class AlreadyEntered(Refused):
    """`first` is the invoice with this number."""

    def __init__(self, first: "VendorInvoice") -> None:
        self.first = first
        super().__init__()

    def sentence(self) -> str:
        told = {
            "number": self.first.number,
            "who": self.first.entered_by,
            "day": date_format(self.first.entered_at, "DATETIME_FORMAT"),
        }
        return (
            _(
                "Invoice %(number)s was entered by %(who)s on %(day)s already. Nothing was kept;"
                " if that one is wrong, withdraw it first."
            )
            % told
        )


class InvoiceWithdrawn(Refused):
    def sentence(self) -> str:
        return _("This invoice was withdrawn. Nothing was changed.")


class NothingToDispute(Refused):
    def sentence(self) -> str:
        return _("On this line there is nothing to dispute. Reload the page; nothing was made.")


class DecidedAlready(Refused):
    def sentence(self) -> str:
        return _("This line matches or is settled already. Reload the page; nothing was changed.")
