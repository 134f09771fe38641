"""What a person has and has not read."""

from django.utils import timezone

from portal.notices.models import Delivery
from portal.tenancy.models import Membership


def mark_read(member: Membership, notice_id: int) -> None:
    Delivery.objects.unread().filter(user_id=member.user_id, notice_id=notice_id).update(read_at=timezone.now())


def mark_all_read(member: Membership) -> None:
    Delivery.objects.unread().filter(user_id=member.user_id).update(read_at=timezone.now())
