"""What a mail about notices says, as text and as HTML, in the language and the time zone of its reader."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.notices.models import Notice
from portal.notices.registry import Mail
from portal.tenancy.models import Tenant, User

# A digest of a bad day stays readable; the page has them all.
MOST_TOLD = 50
LONGEST_SUBJECT = 150


@dataclass(frozen=True)
class Line:
    """One notice as a mail tells it. `over_at` is when it went away."""

    title: str
    text: str
    verb: str
    url: str
    at: datetime
    over_at: datetime | None


def letter(reader: User, tenant: Tenant, notices: Sequence[Notice], plan: Mail, name: UUID) -> EmailMultiAlternatives:
    """The mail `name` about `notices`, first what needs somebody, the newest first.

    The same name gives the same Message-ID, however often it is sent.
    """
    notices = sorted(notices, key=lambda notice: (notice.over or not notice.needs_you, -notice.pk))
    with translation.override(reader.language or tenant.language), timezone.override(tenant.zone):
        preferences_url = _address("notices:preferences", tenant.slug)
        lines = [_line(notice, tenant.slug) for notice in notices[:MOST_TOLD]]
        context = {
            "tenant": tenant,
            "lines": lines,
            "more": len(notices) - len(lines),
            "daily": plan is Mail.DAILY,
            "heading": _heading(lines, len(notices), plan),
            "all_url": _address("notices:notices", tenant.slug),
            "preferences_url": preferences_url,
            "language": translation.get_language(),
        }
        message = EmailMultiAlternatives(
            subject_line(f"{tenant.name}: {context['heading']}"),
            render_to_string("notices/mail/letter.txt", context),
            to=[reader.email],
            headers=_headers(name, preferences_url),
        )
        message.attach_alternative(render_to_string("notices/mail/letter.html", context), "text/html")
    return message


def subject_line(text: str) -> str:
    """One line without control characters: whatever people or vendors put into a name, it never becomes a header."""
    plain = "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)
    line = " ".join(plain.split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def message_id(name: UUID) -> str:
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or urlsplit(settings.PORTAL_URL).hostname
    return f"<notice.{name.hex}@{host}>"


def _headers(name: UUID, preferences_url: str) -> dict[str, str]:
    return {
        "Message-ID": message_id(name),
        "List-Unsubscribe": f"<{preferences_url}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def _heading(lines: Sequence[Line], count: int, plan: Mail) -> str:
    if count == 1:
        return lines[0].title
    if plan is Mail.DAILY:
        return ngettext("%(count)s notice since yesterday", "%(count)s notices since yesterday", count) % {
            "count": count
        }
    return _("%(title)s, and %(count)s more") % {"title": lines[0].title, "count": count - 1}


def _line(notice: Notice, slug: str) -> Line:
    words, kind = notice.words, notice.spec
    return Line(
        title=words.title,
        text=words.text,
        verb=str(kind.verb) if kind else _("See it"),
        url=_address("notices:open", slug, notice.pk),
        at=notice.happened_at,
        over_at=notice.resolved_at,
    )


def _address(name: str, *args: object) -> str:
    return settings.PORTAL_URL + reverse(name, args=args)
