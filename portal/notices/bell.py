"""How many notices a person has not read: counted with what waits behind other entries of the sidebar, by the same query."""

from django.db.models import QuerySet
from django.http import HttpRequest

from portal.notices.models import Delivery


def unread(request: HttpRequest) -> QuerySet[Delivery]:
    """What the reader has not read, and is not over."""
    return Delivery.objects.in_portal(reader_id(request)).unread()


def reader_id(request: HttpRequest) -> int | None:
    """Whose notices are looked at: support on a visit sees those of the member whose eyes it has."""
    visit = getattr(request, "visit", None)
    return visit.as_user_id if visit else request.user.pk
