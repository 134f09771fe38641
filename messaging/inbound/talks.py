"""Talks: what somebody sent to one of the company's numbers, and what was sent to them, by time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce, JSONObject

from messaging.models import Forward, InboundMessage, Message, OptOut

SIZE = 50


@dataclass(frozen=True)
class Said:
    """One thing said, by them or by us. `removed`: the text is not kept any more."""

    at: datetime
    text: str
    ours: bool
    removed: bool = False
    inbound: InboundMessage | None = None
    message: Message | None = None
    passed_on: Sequence[tuple[str, str]] = ()


def newest_of_each(rows: QuerySet[InboundMessage]) -> QuerySet[InboundMessage]:
    """Of these the newest message of every talk; a page of it costs what it shows."""
    newer = InboundMessage.objects.filter(to=OuterRef("to"), sender=OuterRef("sender"), id__gt=OuterRef("id"))
    return rows.filter(~Exists(newer))


def with_standing() -> QuerySet[InboundMessage]:
    """Messages with their number, and in `opted_out` whether their sender is on the do-not-send list."""
    standing = OptOut.objects.standing().filter(tenant_id=OuterRef("tenant_id"), number=OuterRef("sender"))
    return InboundMessage.objects.select_related("to").annotate(opted_out=Exists(standing))


def talk_before(newest: InboundMessage, before: datetime | None) -> tuple[list[Said], datetime | None]:
    """The newest SIZE things said before a time, the oldest first, and the time to go on from; None where nothing is older."""
    said = sorted(_theirs(newest, before) + _ours(newest, before), key=lambda each: each.at, reverse=True)
    shown = said[:SIZE]
    return shown[::-1], shown[-1].at if len(said) > SIZE else None


def _theirs(newest: InboundMessage, before: datetime | None) -> list[Said]:
    rows = InboundMessage.objects.filter(to=newest.to_id, sender=newest.sender)
    if before:
        rows = rows.filter(received_at__lt=before)
    forwards = Forward.objects.filter(inbound=OuterRef("pk")).order_by("way")
    rows = rows.annotate(passed_on=ArraySubquery(forwards.values(row=JSONObject(way="way", state="state"))))
    return [
        Said(row.received_at, row.text, False, row.text_removed_at is not None, inbound=row, passed_on=_ways(row))
        for row in rows.order_by("-received_at", "-id")[: SIZE + 1]
    ]


def _ways(row: Any) -> list[tuple[str, str]]:
    """Where it was passed on to, and how that went, in words."""
    return [(str(Forward.Way(each["way"]).label), str(Forward.State(each["state"]).label)) for each in row.passed_on]


def _ours(newest: InboundMessage, before: datetime | None) -> list[Said]:
    """The same number in every campaign; a campaign's text stands for a message without one of its own."""
    rows = Message.objects.filter(tenant_id=newest.tenant_id, number=newest.sender)
    rows = rows.annotate(said_at=Coalesce("batch__taken_at", "state_at")).select_related("campaign")
    if before:
        rows = rows.filter(said_at__lt=before)
    found = rows.order_by("-said_at", "-id")[: SIZE + 1]
    return [
        Said(row.said_at, row.text or row.campaign.text, True, row.campaign.text_removed_at is not None, message=row)
        for row in found
    ]
