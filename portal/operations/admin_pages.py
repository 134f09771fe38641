"""The admin's pages about operations: one with its whole story, and the one that asks why before anything is done."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from portal.operations.admin_acts import Act, acts_for
from portal.operations.evidence import row_of
from portal.operations.models import Operation
from portal.operations.registry import names_at_vendor, stakes_of
from portal.operations.story import Event, readable, story_of
from portal.operations.words import behind_words, words_for
from portal.ui.formats import zone_of
from portal.ui.forms import PortalForm
from portal.vendors.models import Call

# Exchanges are long; who wants more finds them among the calls.
MOST_EXCHANGES = 60


def for_page() -> QuerySet[Operation]:
    return Operation.objects.for_story().select_related("tenant")


def operation_page(request: HttpRequest, model_admin: admin.ModelAdmin, operation: Operation) -> HttpResponse:
    """`operation` as `for_page` reads it."""
    story = story_of(operation)
    question = story.open_question
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": operation.label,
        "operation": operation,
        "words": words_for(operation, zone_of(request), admin_page),
        "behind": behind_words(operation),
        "stake": None if operation.ended else stakes_of([operation]).get(operation.pk),
        "story": story.events,
        "exchanges": exchanges_of(operation, story.events),
        "question": question,
        "asked_it_myself": bool(question and question.asked_by_id == request.user.pk),
        "acts": acts_for(operation, asked=question is not None),
        # Before it has ended the vendor's numbers are what everybody looks for.
        "names": names_at_vendor(operation) if operation.ended else [],
        "payload": readable(operation.payload),
        "subject_url": subject_url(operation),
    }
    return render(request, "operations/admin_operation.html", context)


def admin_page(operation: Operation, number: int) -> str:
    """The address of another operation, for words about it."""
    return reverse("admin:operations_operation_change", args=[number])


def exchanges_of(operation: Operation, events: Iterable[Event]) -> dict[int, Call]:
    """The calls that the story names, by key, with what went over the line."""
    told = [call["id"] for event in events for call in event.calls][-MOST_EXCHANGES:]
    return Call.objects.filter(operation_id=operation.pk).in_bulk(told) if told else {}


def subject_url(operation: Operation) -> str:
    """The admin's page of the mirror row it is about; "" where there is none."""
    if not operation.subject_id:
        return ""
    try:
        return reverse(f"admin:{operation.subject_type.replace('.', '_')}_change", args=[operation.subject_id])
    except NoReverseMatch:
        return ""


def decide_page(
    request: HttpRequest, model_admin: admin.ModelAdmin, chosen: Sequence[Any], act: Act, form: PortalForm
) -> HttpResponse:
    """What would be done to which operations, and why. `chosen` as `with_evidence` reads them."""
    stakes = stakes_of(chosen)
    known = [stake.eur for stake in stakes.values() if stake.eur is not None]
    asked = request.POST if request.method == "POST" else request.GET
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": act.label,
        "act": act,
        "rows": [row_of(operation, stakes) for operation in chosen],
        "at_risk": sum(known),
        "unpriced": len(stakes) - len(known),
        "form": form,
        "back": asked.get("back", ""),
        "back_url": way_back(asked.get("back", ""), [operation.pk for operation in chosen]),
    }
    return render(request, "operations/admin_decide.html", context, status=422 if form.is_bound else 200)


def way_back(back: str, numbers: Sequence[int]) -> str:
    """To the one operation, or to the desk."""
    if back == "operation" and len(numbers) == 1:
        return reverse("admin:operations_operation_change", args=[numbers[0]])
    return reverse("admin:desk") if back else reverse("admin:operations_operation_changelist")
