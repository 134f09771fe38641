"""An operation on the page of what it is about: the latest one, how it stands, and where to go on."""

from datetime import tzinfo
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from portal.operations.models import Operation, OperationQuerySet
from portal.operations.words import words_for


def about(model: type[Model], pk: int) -> OperationQuerySet:
    return Operation.objects.filter(subject_type=model._meta.label_lower, subject_id=pk)


def latest(operations: OperationQuerySet) -> Operation | None:
    """As `standing` wants it."""
    return operations.for_story().select_related("tenant").order_by("-id").first()


def standing(operation: Operation | None, zone: tzinfo) -> dict[str, Any]:
    """For a page's context: what goes on until the operation has ended, and what the vendor refused."""
    under_way = operation is not None and not operation.ended
    return {
        "operation": operation,
        "under_way": under_way,
        "words": words_for(operation, zone) if operation and under_way else None,
        "refusal": operation.said if operation and operation.status == "refused" else "",
    }


def page_of(request: HttpRequest, operation: Operation, model: type[Model], page: str) -> str:
    """Where the form went that was sent before: the `page` of the `model` that it made, else the operation's own."""
    slug = request.tenant.slug  # type: ignore[attr-defined]
    if operation.subject_type == model._meta.label_lower:
        return reverse(page, args=[slug, operation.subject_id])
    return reverse("operations:operation", args=[slug, operation.pk])
