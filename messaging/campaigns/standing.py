"""What happens next with a campaign, in plain words."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.campaigns.guards import held_until
from messaging.campaigns.tally import Tally
from messaging.models import Campaign
from portal.ui.formats import number

State = Campaign.State
# While one of these holds, the page looks again by itself: seconds between two looks.
BRISK, CALM = 2, 10
# How the trail calls the act, for who reads `paused_by` from it.
PAUSED = "messaging.campaign_paused"


@dataclass(frozen=True)
class Standing:
    """`happened` is one line, `then` what comes of it without anybody's doing, `tone` of `portal.ui.statuses`.

    `held`: nothing leaves by itself just now.
    """

    tone: str
    happened: str
    then: str
    held: bool = False


def standing_of(campaign: Campaign, tally: Tally) -> Standing:
    """`campaign` comes with its connection, that one's health and tenant, and `paused_by` (who paused it last)."""
    match campaign.state:
        case State.DRAFT:
            return Standing("info", _("It is a draft."), _("Nothing is sent before it is checked and released."))
        case State.CHECKING:
            return Standing(
                "info", _("Its recipients are being checked."), _("Nothing is sent before somebody releases it.")
            )
        case State.READY:
            return Standing("info", _("It is checked."), _("Nothing is sent before somebody releases it."))
        case State.AWAITING:
            return _awaiting(campaign)
        case State.SCHEDULED | State.SENDING:
            return _leaving(campaign)
        case State.PAUSED:
            return _paused(campaign)
        case State.STOPPED:
            return Standing(
                "danger", str(campaign.why_stopped), _("Nothing more leaves until somebody resumes it."), held=True
            )
        case State.CANCELLED:
            return Standing(
                "info", _("It was cancelled."), _("What had left by then was not called back; the rest is never sent.")
            )
    return _ended(tally)


def seconds_to_next_look(campaign: Campaign, tally: Tally, now: datetime | None = None) -> int:
    """0 where nothing moves any more, so that the page need not look again."""
    if campaign.state in (State.CHECKING, State.SENDING):
        return BRISK
    if campaign.state == State.SCHEDULED:
        return CALM
    due = getattr(campaign, "reports_due_at", None)
    return CALM if tally.on_its_way and due is not None and due > (now or timezone.now()) else 0


def _awaiting(campaign: Campaign) -> Standing:
    who = _name(campaign.released_by)
    happened = _("%(who)s released it. It is large enough that a second person has to confirm it.") % {"who": who}
    return Standing("warning", happened, _("Nothing is sent until then."))


def _leaving(campaign: Campaign) -> Standing:
    until = held_until(campaign)
    if until is not None:
        return _held(campaign, until)
    connection = campaign.connection
    if not connection.enabled:
        happened = _("%(connection)s is switched off.") % {"connection": connection.name}
        return Standing("warning", happened, _("Nothing leaves until it is switched on."))
    if connection.health.trouble:
        values = {"connection": connection.name, "trouble": connection.health.get_trouble_display()}
        return Standing(
            "warning",
            _("%(connection)s: %(trouble)s.") % values,
            _("It goes on by itself as soon as the connection works."),
        )
    if campaign.state == State.SCHEDULED:
        return Standing("info", _("It is released."), _("The first batch is about to leave."))
    return Standing(
        "info", _("It is being sent."), _("Batches are handed to the vendor one after the other until none is left.")
    )


def _held(campaign: Campaign, until: datetime) -> Standing:
    when = _moment(until, campaign)
    if campaign.starts_at == until:
        return Standing(
            "info", _("It starts on %(when)s.") % {"when": when}, _("Until then it can be cancelled whole.")
        )
    return Standing(
        "info",
        _("Quiet hours until %(when)s.") % {"when": when},
        _("What has not left goes after them, by itself."),
        held=True,
    )


def _paused(campaign: Campaign) -> Standing:
    who = getattr(campaign, "paused_by", "")
    happened = _("Paused by %(who)s.") % {"who": who} if who else _("It is paused.")
    return Standing("warning", happened, _("Nothing more leaves until somebody resumes it."), held=True)


def _ended(tally: Tally) -> Standing:
    if tally.unknown:
        happened = ngettext(
            "Of %(n)s message nobody knows whether it left.",
            "Of %(n)s messages nobody knows whether they left.",
            tally.unknown,
        )
        then = _("A delivery report proves that it did; silence proves nothing. Nothing is sent again by itself.")
        return Standing("warning", happened % {"n": number(tally.unknown)}, then)
    if tally.on_its_way:
        then = ngettext(
            "The end of %(n)s message is not told yet.",
            "The end of %(n)s messages is not told yet.",
            tally.on_its_way,
        )
        return Standing("success", _("All that could be sent has left."), then % {"n": number(tally.on_its_way)})
    return Standing("success", _("It is sent, and the end of every message is known."), "")


def _moment(moment: datetime, campaign: Campaign) -> str:
    return date_format(moment.astimezone(campaign.connection.tenant.zone), "j M Y, H:i")


def _name(person: object) -> str:
    return str(person) if person else "Patchbay"
