"""Acme's post, by hand and by a real mail server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F
from django.utils import timezone

from portal.billing.closing import close
from portal.billing.mailing import readers, sending
from portal.billing.mailing.contacts import add_contact, confirm
from portal.billing.mailing.models import BillingContact, RunMail, StatementMail
from portal.billing.models import Statement
from portal.tenancy.models import Tenant, User
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.samples_months import JANUARY, agreed, at
from tests.notices.mailserver import MailServer

PORTAL = "https://portal.example"
BOOKS = "books@acme.example"


@dataclass
class Post:
    tenant: Tenant
    owner: User
    server: MailServer

    @property
    def mails(self) -> list[Any]:
        return self.server.mails

    def go_out(self) -> list[Any]:
        """Send what is due, as the beat would, until nothing is. Returns all mails that ever left."""
        for _ in range(20):
            waiting, runs = sending.due_mails(), readers.due_mails()
            if not waiting and not runs:
                return self.mails
            for each in waiting:
                sending.send(*each)
            for pk in runs:
                readers.send(pk)
        raise AssertionError("the post never came to rest")

    def later(self) -> list[Any]:
        """As `go_out`, when every lease, pause and rest is over."""
        cache.clear()
        ago = timezone.now() - timedelta(hours=2)
        with staff_scope():
            for model in (StatementMail, RunMail):
                model.objects.exclude(due_at=None).update(due_at=ago)
                model.objects.exclude(lease_until=None).update(lease_until=ago)
        return self.go_out()

    def contact(self, email: str = BOOKS, *, language: str = "en", forms: tuple[str, ...] = ("pdf",)) -> BillingContact:
        """On the list and confirmed, by the verbs."""
        with tenant_scope(self.tenant.pk):
            issued = add_contact(self.tenant, email, language=language, forms=forms, acting_user=self.owner)
        return confirm(issued.token)

    def close(self, month=JANUARY) -> Statement:
        with tenant_scope(self.tenant.pk):
            return close(self.tenant, month, acting_user=None)

    def states(self) -> list[str]:
        with tenant_scope(self.tenant.pk):
            return list(StatementMail.objects.order_by("pk").values_list("state", flat=True))

    def older_by(self, days: int) -> None:
        with tenant_scope(self.tenant.pk):
            StatementMail.objects.update(created_at=F("created_at") - timedelta(days=days))


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    with serving_mail(settings) as running:
        yield running


@contextmanager
def serving_mail(settings) -> Iterator[MailServer]:
    running = MailServer().start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", running.port, 5
    settings.PORTAL_URL = PORTAL
    yield running
    running.stop()


@pytest.fixture
def post(cast, seats, server) -> Post:
    """Acme has five seats for 2.50 each since 3 January."""
    agreed(cast)
    seats.change(cast.acme, 5, at(1, 3))
    return Post(cast.acme, cast.alice, server)


def files_of(mail: Any) -> dict[str, bytes]:
    return {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}


def text_of(mail: Any) -> str:
    return mail.get_body(("plain",)).get_content()


def links_in(mail: Any) -> list[str]:
    return re.findall(rf"{PORTAL}(/\S+)", text_of(mail))
