"""What the verbs of billing refuse. `str()` is a sentence for the person: what was not done, and what to do next."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal.billing.meters import Blocker
from portal.tenancy.refusals import Refused


class AboutMonth(Refused):
    """`month` is its first day. `text` is the sentence before it is translated, with a place for the month's name."""

    text: ClassVar[str] = ""

    def __init__(self, month: date) -> None:
        self.month = month
        super().__init__()

    @property
    def name(self) -> dict[str, str]:
        return {"month": date_format(self.month, "YEAR_MONTH_FORMAT")}

    def sentence(self) -> str:
        return _(self.text) % self.name


class ClosedAlready(AboutMonth):
    """Terms from a day on that lies in a closed month, or before it."""

    text = gettext_noop("%(month)s is closed: terms can be agreed from the month after it on. Nothing was changed.")


class MonthRunning(AboutMonth):
    text = gettext_noop("%(month)s is not over, so it cannot be closed yet. Nothing was changed.")


class EarlierMonthOpen(AboutMonth):
    text = gettext_noop("%(month)s is still open. Close it first; nothing was changed.")


class LaterMonthClosed(AboutMonth):
    text = gettext_noop(
        "A month after %(month)s is closed. What was missing is corrected on the next statement; nothing was changed."
    )


class NothingToClose(AboutMonth):
    text = gettext_noop("There is nothing to charge in %(month)s, so there is no statement. Nothing was changed.")


class Blocked(AboutMonth):
    """`blockers` say what stands in the way, each with where it is put right."""

    def __init__(self, month: date, blockers: Sequence[Blocker]) -> None:
        self.blockers = list(blockers)
        super().__init__(month)

    def sentence(self) -> str:
        reasons = " ".join(str(blocker.text) for blocker in self.blockers)
        return _("%(month)s was not closed. %(reasons)s") % {**self.name, "reasons": reasons}
