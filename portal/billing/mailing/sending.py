"""Sending promised statements: made when they leave, in the language and the forms that their contact wants."""

import logging

from portal.audit.trail import record
from portal.billing.mailing import post
from portal.billing.mailing.letters import statement_letter
from portal.billing.mailing.models import BillingContact, StatementMail
from portal.billing.mailing.post import Outcome, State
from portal.billing.notices import contact_reached, mail_failed
from portal.sentences import Sentence
from portal.tenancy.scope import tenant_scope
from portal.turns import due

logger = logging.getLogger(__name__)


def due_mails() -> list[tuple[int, int]]:
    """(tenant, mail) of what no bell announced, one active tenant's after the other's; nothing while the server rests."""
    return [] if post.server_rests() else due(StatementMail)


def send(tenant_id: int, pk: int) -> None:
    """Send one mail, unless it was sent, is being sent, or is not wanted any more."""
    if post.server_rests():
        return
    mail = _claimed(tenant_id, pk)
    if mail is None:
        return
    try:
        with tenant_scope(tenant_id):
            written = statement_letter(mail)
    except Exception:
        logger.exception("the statement of mail %s could not be made", pk)
        _unwritten(mail)
        return
    outcome, why = post.hand_over(written.message, lambda: _mark(mail))
    _settle(mail, outcome, why, written.left_out)


def _claimed(tenant_id: int, pk: int) -> StatementMail | None:
    """Committed when it returns."""
    with tenant_scope(tenant_id):
        known = StatementMail.objects.select_related("tenant", "contact", "statement").defer("statement__canonical")
        mail = post.claim(known.filter(tenant__state="active"), pk)
        if mail is None:
            return None
        if mail.state == State.UNKNOWN:
            mail_failed(mail)
            return None
        if not BillingContact.objects.mailable().filter(pk=mail.contact_id).exists():
            post.end(mail, State.DROPPED)
            return None
    return mail


def _mark(mail: StatementMail) -> bool:
    with tenant_scope(mail.tenant_id):
        return post.mark_sending(mail)


def _unwritten(mail: StatementMail) -> None:
    with tenant_scope(mail.tenant_id):
        if mail.attempts < post.MOST_WRITINGS:
            post.put_off(mail, post.NOT_WRITTEN)
        elif post.end(mail, State.FAILED, post.UNWRITTEN):
            mail_failed(mail)


def _settle(mail: StatementMail, outcome: Outcome, why: Sentence | None, left_out: list[str]) -> None:
    with tenant_scope(mail.tenant_id):
        if not post.settle(mail, outcome, why):
            return
        if outcome is not Outcome.TAKEN:
            mail_failed(mail)
            return
        if left_out:
            StatementMail.objects.filter(pk=mail.pk).update(left_out=left_out)
        told = {"number": mail.statement.number, "to": mail.contact.email}
        record("billing.statement_mailed", mail.statement, after=told, acting_user=None)
        contact_reached(mail)
