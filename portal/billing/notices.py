"""What people are told of money: a month is closed, or cannot be closed yet; a statement could not be mailed."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.billing.mailing.models import StatementMail
from portal.billing.mailing.promising import promise_to_all
from portal.billing.meters import Blocker
from portal.billing.models import Statement
from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.sentences import Sentence
from portal.tenancy.roles import Role
from portal.ui import formats

GROUP = gettext_lazy("Billing")


def month_closed(statement: Statement) -> None:
    """In the transaction of the closing; what stood in its way does so no more. Its mails are promised in it, too."""
    args = {"month": str(statement.month), "number": statement.number, "gross": str(statement.gross)}
    raise_notice(CLOSED, statement.tenant_id, statement.number, args, subject=statement)
    promise_to_all(statement)
    resolve_notice(BLOCKED, statement.tenant_id, statement.month)


def month_blocked(tenant_id: int, month: date, blockers: Sequence[Blocker]) -> None:
    """Once, however often it is tried; the notice leads to where the first of them is put right."""
    args = {"month": str(month), "count": len(blockers), "url": blockers[0].url}
    raise_notice(BLOCKED, tenant_id, month, args)


def mail_failed(mail: StatementMail) -> None:
    """It could not be mailed, or may have been; until one reaches the address, or it is taken off the list."""
    args = {
        "email": mail.contact.email,
        "number": mail.statement.number,
        "unknown": mail.state == StatementMail.State.UNKNOWN,
        "why": mail.why,
    }
    raise_notice(MAIL_FAILED, mail.tenant_id, mail.contact_id, args, subject=mail.statement)


def contact_reached(mail: StatementMail) -> None:
    contact_over(mail.tenant_id, mail.contact_id)


def contact_over(tenant_id: int, contact_id: int) -> None:
    """Nobody has to see to this address any more."""
    resolve_notice(MAIL_FAILED, tenant_id, contact_id)


def contact_withdrawn(tenant_id: int, contact_id: int, email: str) -> None:
    """Who reads the address wants no statements."""
    raise_notice(WITHDRAWN, tenant_id, contact_id, {"email": email})


# --- Words --------------------------------------------------------------------------------------------------------


def _closed_words(args: Mapping[str, Any]) -> Words:
    told = {"month": _month(args), "number": args["number"], "gross": formats.money(Decimal(args["gross"]))}
    return Words(
        _("%(month)s is closed: %(gross)s with VAT") % told,
        _("Statement %(number)s does not change any more. What comes to light later is corrected on the next one.")
        % told,
    )


def _blocked_words(args: Mapping[str, Any]) -> Words:
    title = _("%(month)s cannot be closed yet") % {"month": _month(args)}
    text = ngettext(
        "%(count)d thing stands in the way. The month is closed by itself when it is put right.",
        "%(count)d things stand in the way. The month is closed by itself when they are put right.",
        args["count"],
    )
    return Words(title, text % {"count": args["count"]})


def _failed_words(args: Mapping[str, Any]) -> Words:
    told = {"number": args["number"], "email": args["email"]}
    title = _("Statement %(number)s could not be mailed to %(email)s") % told
    then = _("Put the address right or take it off the list; the statement can be sent again there.")
    if args["unknown"]:
        title = _("Statement %(number)s may not have reached %(email)s") % told
        then = _("So that it does not arrive twice it is not sent again by itself; a person can.")
    return Words(title, f"{Sentence.from_json(args['why'])} {then}")


def _withdrawn_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("%(email)s wants no statements any more") % args,
        _("Nothing more is mailed to this address. Add another one if somebody should get them."),
    )


def _month(args: Mapping[str, Any]) -> str:
    return date_format(date.fromisoformat(args["month"]), "YEAR_MONTH_FORMAT")


def _statement_page(notice: Notice, slug: str) -> str:
    return reverse("billing:statement", args=[slug, notice.subject_id])


def _where_it_is_put_right(notice: Notice, slug: str) -> str:
    return notice.args["url"] or reverse("billing:statements", args=[slug])


def _mailing_page(notice: Notice, slug: str) -> str:
    return reverse("billing:mailing", args=[slug])


# --- The kinds ----------------------------------------------------------------------------------------------------

CLOSED = Kind(
    "billing.month_closed",
    gettext_lazy("A month is closed"),
    GROUP,
    _closed_words,
    _statement_page,
    gettext_lazy("See the statement"),
    doors=(Role.BILLING,),
    icon="receipt",
    tone="success",
)
BLOCKED = Kind(
    "billing.closing_blocked",
    gettext_lazy("A month cannot be closed yet"),
    GROUP,
    _blocked_words,
    _where_it_is_put_right,
    gettext_lazy("See what stands in the way"),
    doors=(Role.OPERATOR, Role.BILLING),
    icon="hourglass",
    tone="warning",
    needs_you=True,
)
MAIL_FAILED = Kind(
    "billing.mail_failed",
    gettext_lazy("A statement could not be mailed"),
    GROUP,
    _failed_words,
    _mailing_page,
    gettext_lazy("See the mails"),
    doors=(Role.BILLING,),
    icon="mail",
    tone="warning",
    needs_you=True,
)
WITHDRAWN = Kind(
    "billing.contact_withdrawn",
    gettext_lazy("An address wants no statements any more"),
    GROUP,
    _withdrawn_words,
    _mailing_page,
    gettext_lazy("See the addresses"),
    doors=(Role.BILLING,),
    icon="mail",
)
KINDS = [CLOSED, BLOCKED, MAIL_FAILED, WITHDRAWN]
