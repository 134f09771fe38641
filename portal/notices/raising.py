"""Telling that something happened, once, and that it is over; in the caller's transaction, so that all stands or falls."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db import connection as database
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from portal.notices.models import Delivery, Notice, NoticeQuerySet, Preference
from portal.notices.registry import Kind, Mail
from portal.tenancy.models import Membership

DIGEST_AT = time(8)


def raise_notice(
    kind: Kind,
    tenant_id: int,
    key: object,
    args: Mapping[str, Any],
    *,
    subject: models.Model | None = None,
    only: int | None = None,
    leave_out: int | None = None,
) -> None:
    """Tell whoever wants to know that something happened; nothing while the same (`key` within `kind`) is open.

    `args` is JSON, holds no secret and no words: `kind.words` makes them for each reader. `subject` is the row it is about.
    `only` and `leave_out` are user ids: of the one person it is for, of one who knows already.
    """
    full_key = key_of(kind, key)
    if kind.calm and _reopened(kind, tenant_id, full_key):
        return
    notice_id = _insert(kind, tenant_id, full_key, args, subject)
    if notice_id is not None:
        _deliver(kind, tenant_id, notice_id, only, leave_out)


def resolve_notice(kind: Kind, tenant_id: int, key: object) -> None:
    """It is over, by itself or by a person. Nothing when it was not open."""
    _resolve(Notice.objects.filter(tenant_id=tenant_id, key=key_of(kind, key)))


def resolve_notices(kind: Kind, tenant_id: int, prefix: object, *, but: str | None = None) -> None:
    """As `resolve_notice`, for all keys `prefix:…`, `but` one of them."""
    same = Notice.objects.filter(tenant_id=tenant_id, key__startswith=f"{key_of(kind, prefix)}:")
    _resolve(same if but is None else same.exclude(key=key_of(kind, but)))


def key_of(kind: Kind, key: object) -> str:
    """How the key is kept: kinds do not share them."""
    return f"{kind.name}:{key}"[:200]


def _insert(kind: Kind, tenant_id: int, key: str, args: Mapping[str, Any], subject: models.Model | None) -> int | None:
    """None when it is open already. One statement, which waits for whoever is telling the same just now."""
    with database.cursor() as cursor:
        cursor.execute(
            "insert into notices_notice (tenant_id, kind, key, args, subject_type, subject_id, needs_you, happened_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (tenant_id, key) where resolved_at is null do nothing returning id",
            [
                tenant_id,
                kind.name,
                key,
                json.dumps(dict(args)),
                subject._meta.label_lower if subject else "",
                subject.pk if subject else None,
                kind.needs_you,
                timezone.now(),
            ],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _reopened(kind: Kind, tenant_id: int, key: str) -> bool:
    """What was over for a moment only goes on, and is not told anew. One who was not mailed in time is mailed now."""
    now = timezone.now()
    same = Notice.objects.filter(tenant_id=tenant_id, key=key)
    recent = same.filter(~Exists(same.open()), resolved_at__gt=now - kind.calm).order_by("-resolved_at")
    try:
        with transaction.atomic():
            pk = recent.values_list("pk", flat=True).first()
            if pk is None or not Notice.objects.filter(pk=pk).exclude(resolved_at=None).update(resolved_at=None):
                return False
    except IntegrityError:
        # Somebody told it anew at the same moment.
        return True
    unmailed = Delivery.objects.filter(notice_id=pk, mail=Delivery.State.DROPPED)
    unmailed.update(mail=Delivery.State.WAITING, letter=None, due_at=now + gathering_time())
    return True


def _resolve(notices: NoticeQuerySet | models.QuerySet[Notice]) -> None:
    over = list(notices.filter(resolved_at=None).values_list("pk", flat=True))
    if over:
        now = timezone.now()
        Notice.objects.filter(pk__in=over, resolved_at=None).update(resolved_at=now)
        Delivery.objects.filter(notice_id__in=over, read_at=None).update(read_at=now)


# --- Whom it is told ----------------------------------------------------------------------------------------------


def _deliver(kind: Kind, tenant_id: int, notice_id: int, only: int | None, leave_out: int | None) -> None:
    chosen = Preference.objects.filter(tenant_id=tenant_id, user=OuterRef("user_id"), kind=kind.name)
    members = (
        Membership.objects.filter(tenant_id=tenant_id, role__in=kind.roles, user__is_active=True)
        .select_related("tenant")
        .annotate(chosen=Subquery(chosen.values(json=JSONObject(portal="portal", mail="mail"))[:1]))
    )
    if only is not None:
        members = members.filter(user_id=only)
    wanted = [_delivery(kind, member, notice_id) for member in members if member.user_id != leave_out]
    Delivery.objects.bulk_create([each for each in wanted if each.shown or each.mail])


def _delivery(kind: Kind, member: Any, notice_id: int) -> Delivery:
    chosen = member.chosen or {"portal": kind.portal, "mail": kind.mail}
    plan = Mail(chosen["mail"])
    return Delivery(
        tenant_id=member.tenant_id,
        notice_id=notice_id,
        user_id=member.user_id,
        shown=chosen["portal"],
        plan=plan,
        mail=Delivery.State.NONE if plan is Mail.NEVER else Delivery.State.WAITING,
        due_at=mail_due(plan, timezone.now(), member.tenant.zone),
    )


def mail_due(plan: Mail, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When a mail about what happened at `now` may leave; None: never."""
    match plan:
        case Mail.AT_ONCE:
            return now + gathering_time()
        case Mail.DAILY:
            return next_digest(now, zone)
    return None


def gathering_time() -> timedelta:
    """For so long a mail waits for what else happens, so that a bad minute is one mail."""
    return timedelta(seconds=settings.NOTICE_GATHER_SECONDS)


def next_digest(now: datetime, zone: ZoneInfo) -> datetime:
    """The next time (UTC) that clocks in `zone` show eight in the morning."""
    today = now.astimezone(zone).date()
    digests = (datetime.combine(today + timedelta(days=days), DIGEST_AT, tzinfo=zone) for days in (0, 1))
    return next(at for at in (digest.astimezone(UTC) for digest in digests) if at > now)
