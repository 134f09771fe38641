"""What else waits for support beside operations: each app says where its inbox is and what is in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from portal.ui.badges import capped, waiting_rows


@dataclass(frozen=True)
class Inbox:
    """A page of the admin, and the rows over all tenants that wait there."""

    label: Any
    url_name: str
    rows: Callable[[HttpRequest], QuerySet[Any]]


@dataclass(frozen=True)
class Filled:
    """How much is in an inbox, "99+" for what was counted no further."""

    label: Any
    url: str
    count: str


_inboxes: dict[str, Inbox] = {}


def register(inbox: Inbox) -> None:
    _inboxes[inbox.url_name] = inbox


def inboxes(request: HttpRequest) -> list[Filled]:
    """Each with how much is in it: one query for all of them."""
    if not _inboxes:
        return []
    waiting = waiting_rows(request, {name: inbox.rows for name, inbox in _inboxes.items()})
    return [Filled(each.label, reverse(name), capped(len(waiting[name]))) for name, each in _inboxes.items()]
