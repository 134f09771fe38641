"""What people are told: on the page and in the mailbox."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from portal.notices import sending
from portal.notices.models import Delivery, Notice, Preference
from portal.notices.registry import Mail
from portal.tenancy.models import Tenant, User
from portal.tenancy.scope import tenant_scope

PORTAL = "https://portal.example"


@dataclass
class Post:
    """The way of a company's notices into mailboxes, by hand."""

    tenant: Tenant
    outbox: list[Any]

    def go_out(self) -> list[Any]:
        """Send what is due, as the beat would, until nothing is. Returns all mails that ever left."""
        for _ in range(20):
            waiting = sending.due_letters()
            if not waiting:
                return self.outbox
            for letter in waiting:
                sending.send(*letter)
        raise AssertionError("the post never came to rest")

    def after_the_night(self) -> list[Any]:
        """As `go_out`, when it is eight in the morning, and every lease and pause is over."""
        with tenant_scope(self.tenant.pk):
            Delivery.objects.to_be_mailed().update(due_at=Now(), lease_until=None)
        return self.go_out()

    def to(self, person: User) -> list[Any]:
        return [mail for mail in self.outbox if mail.to == [person.email]]

    def notices(self) -> list[tuple[str, bool]]:
        """(kind, is it over) of all that was told in the company, the oldest first."""
        with tenant_scope(self.tenant.pk):
            return [(notice.kind, notice.over) for notice in Notice.objects.order_by("pk")]

    def choose(self, person: User, kind: Any, mail: Mail, *, portal: bool = True) -> None:
        with tenant_scope(self.tenant.pk):
            Preference.objects.create(tenant=self.tenant, user=person, kind=kind.name, mail=mail, portal=portal)


@pytest.fixture
def post(cast, settings, mailoutbox) -> Post:
    """Acme's; mails wait for nothing."""
    settings.NOTICE_GATHER_SECONDS = 0
    settings.NOTICE_PATIENCE_SECONDS = 0
    settings.PORTAL_URL = PORTAL
    return Post(cast.acme, mailoutbox)


def page_of(person: User, query: str = "") -> str:
    """The text of Acme's page of notices, as this person sees it."""
    client = Client()
    client.force_login(person)
    return plain(client.get(f"/t/acme/notices/{query}").content.decode())


def bell_of(person: User) -> str:
    """What stands beside the bell: how many are unread, "" for none."""
    client = Client()
    client.force_login(person)
    shown = client.get("/t/acme/people/").content.decode()
    found = re.search(r'class="pb-bell-count" aria-hidden="true">([^<]*)<', shown)
    return found[1] if found else ""


def plain(html: str) -> str:
    """Without tags, blanks as one."""
    import html as entities

    return " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", html)).split())


def links_in(mail: Any) -> list[str]:
    """The addresses that a mail's text leads to, without those at its foot."""
    return re.findall(rf"{PORTAL}(/\S+)", mail.body.partition("\n-- \n")[0])


def leads_to(mail: Any, person: User, path: str) -> bool:
    """Does a link of the mail bring this person to the page at `path`?"""
    client = Client()
    client.force_login(person)
    ends = [client.get(link)["Location"] for link in links_in(mail)]
    return path in ends and client.get(path).status_code == 200
