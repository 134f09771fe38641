"""Promising mails: by the closing to all contacts, by a person to one. A row is the promise, and the queue."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal import turns
from portal.audit.trail import record
from portal.billing.mailing.models import BillingContact, StatementMail
from portal.billing.mailing.refusals import ContactUnconfirmed, MailOnItsWay
from portal.billing.models import Statement

TASK = "portal.billing.tasks.mail_statement"


def promise_to_all(statement: Statement) -> None:
    """To every confirmed contact that gets statements; in the transaction of the closing."""
    contacts = BillingContact.objects.mailable().filter(tenant=statement.tenant_id)
    mails = [_new(statement, contact) for contact in contacts]
    StatementMail.objects.bulk_create(mails)
    for mail in mails:
        turns.ring_after_commit(TASK, mail.tenant_id, mail.pk)


def send_to(statement: Statement, contact: BillingContact, *, acting_user: Any) -> StatementMail:
    """Once more, or for the first time, because a person asks. Raises ContactUnconfirmed, MailOnItsWay."""
    if not BillingContact.objects.mailable().filter(pk=contact.pk).exists():
        raise ContactUnconfirmed
    mail = _new(statement, contact, acting_user)
    try:
        with transaction.atomic():
            mail.save()
    except IntegrityError:
        raise MailOnItsWay from None
    told = {"number": statement.number, "to": contact.email}
    record("billing.statement_mail_asked", statement, after=told, acting_user=acting_user)
    turns.ring_after_commit(TASK, mail.tenant_id, mail.pk)
    return mail


def _new(statement: Statement, contact: BillingContact, acting_user: Any = None) -> StatementMail:
    return StatementMail(
        tenant_id=statement.tenant_id,
        statement=statement,
        contact=contact,
        asked_by=acting_user,
        due_at=timezone.now(),
    )
