"""In plain words: what happened to an operation, what was and was not done at the vendor, and what comes next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from portal.operations.models import Operation, Status
from portal.operations.registry import Resend, kind_of
from portal.ui import formats
from portal.ui.badges import capped

Text = Any  # a string, or one with markup in it
# Where the page of the operation with this number is, for who reads about the first one.
PageOf = Callable[[Operation, int], str]
Trouble = Operation.Trouble


@dataclass(frozen=True)
class Words:
    """Three answers, each a sentence or two."""

    happened: Text
    effect: Text
    then: Text


def tenants_page(operation: Operation, number: int) -> str:
    return reverse("operations:operation", args=[operation.tenant.slug, number])


def words_for(operation: Operation, zone: tzinfo, page_of: PageOf = tenants_page) -> Words:
    """`operation` as `for_story` reads it, with its tenant; times are told in `zone`."""
    if operation.status == Status.WAITING:
        return _waiting(operation, zone, page_of)
    return _BY_STATUS[Status(operation.status)](operation, zone)


def behind_words(operation: Operation) -> str:
    """How many wait because of it, "" when none does."""
    if operation.ended or operation.status == Status.WAITING or not operation.behind:
        return ""
    if len(operation.behind) == 1:
        return _("One operation waits behind it.")
    return _("%(count)s operations wait behind it.") % {"count": capped(len(operation.behind))}


# --- Waiting ------------------------------------------------------------------------------------------------------


def _waiting(operation: Operation, zone: tzinfo, page_of: PageOf) -> Words:
    happened, effect = _why_waiting(operation)
    return Words(happened, effect, _when_sent(operation, zone, page_of))


def _why_waiting(operation: Operation) -> tuple[str, str]:
    nothing_sent = _("Nothing was changed at the vendor.")
    match operation.trouble:
        case Trouble.UNREACHABLE:
            return _("The vendor could not be reached."), nothing_sent
        case Trouble.CREDENTIALS:
            return (
                _("The vendor does not accept the connection's credentials."),
                _("Nothing was changed at the vendor. Until the credentials are corrected, nothing will be."),
            )
        case Trouble.QUOTA:
            return _("The quota of the connection is used up."), nothing_sent
        case Trouble.PROTOCOL:
            return _("The vendor answered in a form that is not understood, before anything was sent."), nothing_sent
    if operation.attempt_count:
        return (
            _("It was sent before without effect."),
            _("As far as is known, nothing was changed at the vendor yet."),
        )
    return _("It was asked for and has not been sent yet."), nothing_sent


def _when_sent(operation: Operation, zone: tzinfo, page_of: PageOf) -> Text:
    if operation.tenant.suspended:
        return _("Nothing is sent while the company is suspended.")
    if not operation.connection.enabled:
        return _("Nothing is sent while the connection is switched off.")
    if operation.holder:
        return _after_holder(operation.holder, page_of(operation, operation.holder["id"]))
    later = max(operation.due_at, operation.quiet_until or operation.due_at)
    if later <= timezone.now():
        return _("It is sent as soon as a worker is free, usually within seconds.")
    return format_html(_("It will be sent at {}."), formats.moment(later, zone, seconds=True))


def _after_holder(holder: dict[str, Any], url: str) -> Text:
    link = format_html('<a href="{}">“{}”</a>', url, holder["label"])
    return format_html(_AFTER_HOLDER[Status(holder["status"])](), link)


_AFTER_HOLDER: dict[Status, Callable[[], str]] = {
    Status.SENDING: lambda: _("It waits its turn: {} is being sent just now."),
    Status.UNKNOWN: lambda: _(
        "It waits, because {} before it has an unknown outcome, and sending both at once would make them "
        "indistinguishable. It goes on by itself as soon as that outcome is known."
    ),
    Status.NEEDS_PERSON: lambda: _("It waits, because {} before it needs a person to decide. It goes on after that."),
}


# --- On its way ---------------------------------------------------------------------------------------------------


def _sending(operation: Operation, zone: tzinfo) -> Words:
    end = formats.moment(operation.lease_until, zone, seconds=True)
    return Words(
        _("It is being sent to the vendor just now."),
        _("Whether it is done will be known in a moment."),
        format_html(_("Should no outcome be known by {}, it counts as unknown and the vendor is looked at."), end),
    )


def _unknown(operation: Operation, zone: tzinfo) -> Words:
    return Words(
        _("It was sent, but no usable answer of the vendor came back."),
        _("It may or may not have been done. It is not sent again before the vendor has been looked at."),
        _when_looked(operation, zone),
    )


def _when_looked(operation: Operation, zone: tzinfo) -> Text:
    if operation.tenant.suspended:
        return _("The vendor is not looked at while the company is suspended.")
    if not operation.connection.enabled:
        return _("The vendor is not looked at while the connection is switched off.")
    if operation.due_at <= timezone.now():
        return _("The vendor is looked at now, or within seconds.")
    text = (
        _("The vendor will be looked at again at {}.") if operation.look_count else _("The vendor will be read at {}.")
    )
    return format_html(text, formats.moment(operation.due_at, zone, seconds=True))


def _needs_person(operation: Operation, zone: tzinfo) -> Words:
    decide = _("Nothing more happens by itself. Find out, then decide below.")
    if operation.trouble == Trouble.PROTOCOL:
        return Words(
            _("The vendor keeps answering in a form that is not understood."),
            _("It stopped before anything was sent this time. Earlier attempts are listed below."),
            decide,
        )
    if _resend(operation) is Resend.NEVER:
        return Words(
            _("It was sent, the answer was lost, and what the vendor shows does not prove that it was done."),
            _("It may have been done. This kind of operation is never sent again by itself."),
            decide,
        )
    return Words(
        _("It was sent, the answer was lost, and what the vendor shows does not settle what became of it."),
        _("It may or may not have been done; it has not been sent again since."),
        decide,
    )


def _resend(operation: Operation) -> Resend | None:
    """None for a kind that is no longer built in."""
    try:
        return kind_of(operation).resend
    except KeyError:
        return None


def sent_before_words() -> str:
    """For who sends a form again, maybe changed after going back: what is shown is what it asked for the first time."""
    return _(
        "This form was sent before. What it asked for then is shown here; nothing more was done. To ask for something"
        " else, open the form anew."
    )


# --- Ended --------------------------------------------------------------------------------------------------------


def _done(operation: Operation, zone: tzinfo) -> Words:
    return Words(_("It is done at the vendor."), _("It was done once."), _("Nothing more is to be done."))


def _refused(operation: Operation, zone: tzinfo) -> Words:
    return Words(
        _("The vendor understood it and refused it."),
        _("Nothing was changed at the vendor, and it is not sent again."),
        _("Correct what the vendor names, then ask for it anew."),
    )


def _cancelled(operation: Operation, zone: tzinfo) -> Words:
    if operation.trouble:
        return Words(
            _("A person gave it up."),
            _("It is treated as not done. Should the vendor have done it after all, it will show as a difference."),
            _("If it is still wanted, ask for it anew."),
        )
    return Words(
        _("It was cancelled before it was sent."),
        _("Nothing was changed at the vendor."),
        _("If it is still wanted, ask for it anew."),
    )


_BY_STATUS: dict[Status, Callable[[Operation, tzinfo], Words]] = {
    Status.SENDING: _sending,
    Status.UNKNOWN: _unknown,
    Status.NEEDS_PERSON: _needs_person,
    Status.DONE: _done,
    Status.REFUSED: _refused,
    Status.CANCELLED: _cancelled,
}
