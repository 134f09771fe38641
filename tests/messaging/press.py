"""Campaigns as people write them over the pages, and their background, which works only when told to."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from messaging.campaigns import turns
from messaging.models import Campaign, Message, RejectedLine, Sender
from portal.turns import due
from tests.messaging.mailroom import Mailroom


@dataclass
class Press:
    """`client` is the browser of who works here."""

    mailroom: Mailroom
    client: Client
    usual: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        with self.mailroom.scope():
            Sender.objects.create(tenant=self.mailroom.tenant, name="Acme", state=Sender.State.ALLOWED)
        self.usual = {
            "name": "Spring",
            "connection": str(self.mailroom.connection.pk),
            "sender": "Acme",
            "text": "Hello",
            "source": "numbers",
            "when": "now",
        }

    @property
    def slug(self) -> str:
        return self.mailroom.tenant.slug

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"messaging:{name}", args=[self.slug, *args])

    def send(self, campaign: Campaign | None = None, **fields: Any) -> HttpResponse:
        """The form as it is filled in; a `file` may be bytes."""
        address = self.url("campaign_edit", campaign.pk) if campaign else self.url("campaign_new")
        if isinstance(fields.get("file"), bytes):
            fields["file"] = SimpleUploadedFile("people.csv", fields["file"], content_type="text/csv")
        return self.client.post(address, {**self.usual, "form_key": str(uuid4()), **fields})

    def planned(self, campaign: Campaign | None = None, **fields: Any) -> Campaign:
        """The campaign of such a form, checked."""
        answer = self.send(campaign, **fields)
        assert answer.status_code == 302, answer.content.decode()
        self.work()
        return self.campaign()

    def of_file(self, text: str, file: bytes) -> Campaign:
        return self.planned(text=text, source="file", file=file)

    def press(self, button: str, campaign: Campaign) -> HttpResponse:
        return self.client.post(self.url(button, campaign.pk))

    def page(self, name: str, campaign: Campaign, **query: str) -> str:
        return self.client.get(self.url(name, campaign.pk), query).content.decode()

    def campaign(self) -> Campaign:
        """The latest one."""
        with self.mailroom.scope():
            return Campaign.objects.latest("pk")

    def texts(self, campaign: Campaign) -> dict[str, str]:
        """{number: the text of its own}."""
        with self.mailroom.scope():
            return dict(Message.objects.filter(campaign=campaign).order_by("pk").values_list("number", "text"))

    def left_out(self, campaign: Campaign) -> dict[int, tuple[str, str]]:
        """{line: (kind, why)}."""
        with self.mailroom.scope():
            rows = RejectedLine.objects.filter(campaign=campaign).order_by("pk")
            return {row.line: (row.kind, row.why) for row in rows}

    def work(self) -> None:
        for tenant_id, pk in due(Campaign):
            turns.take_turn(tenant_id, pk)
