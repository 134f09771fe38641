"""What the verbs of billing refuse. `str()` is a sentence for the person: what was not done, and what to do next."""

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.billing.meters import Blocker
from portal.tenancy.refusals import Refused


class AboutMonth(Refused):
    """`month` is its first day."""

    def __init__(self, month: date) -> None:
        self.month = month
        super().__init__()

    @property
    def name(self) -> dict[str, str]:
        return {"month": date_format(self.month, "YEAR_MONTH_FORMAT")}


class ClosedAlready(AboutMonth):
    """Terms from a day on that lies in a closed month, or before it."""

    def sentence(self) -> str:
        return (
            _("%(month)s is closed: terms can be agreed from the month after it on. Nothing was changed.") % self.name
        )


class MonthRunning(AboutMonth):
    def sentence(self) -> str:
        return _("%(month)s is not over, so it cannot be closed yet. Nothing was changed.") % self.name


class EarlierMonthOpen(AboutMonth):
    def sentence(self) -> str:
        return _("%(month)s is still open. Close it first; nothing was changed.") % self.name


class LaterMonthClosed(AboutMonth):
    def sentence(self) -> str:
        return (
            _(
                "A month after %(month)s is closed. What was missing is corrected on the next statement;"
                " nothing was changed."
            )
            % self.name
        )


class NothingToClose(AboutMonth):
    def sentence(self) -> str:
        return _("There is nothing to charge in %(month)s, so there is no statement. Nothing was changed.") % self.name


class Blocked(AboutMonth):
    """`blockers` say what stands in the way, each with where it is put right."""

    def __init__(self, month: date, blockers: Sequence[Blocker]) -> None:
        self.blockers = list(blockers)
        super().__init__(month)

    def sentence(self) -> str:
        reasons = " ".join(str(blocker.text) for blocker in self.blockers)
        return _("%(month)s was not closed. %(reasons)s") % {**self.name, "reasons": reasons}
