"""Operations that need a person, for the sidebar and the first page."""

from django.http import HttpRequest

from portal.operations.models import Operation, OperationQuerySet, Status


def needing_a_person(request: HttpRequest) -> OperationQuerySet:
    return Operation.objects.needing_a_person()


def of_unknown_outcome(request: HttpRequest) -> OperationQuerySet:
    return Operation.objects.filter(status=Status.UNKNOWN)
