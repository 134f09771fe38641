"""The page of results, and the hits that appear below the field while somebody types."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.search.finding import LONGEST_TEXT
from portal.search.results import MOST_SHOWN, results
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role

# As many of each kind as fit below the field.
MOST_SUGGESTED = 4


@tenant_view(Role.VIEWER)
@require_safe
def found(request: TenantRequest) -> HttpResponse:
    return render(request, "search/results.html", _context(request, MOST_SHOWN))


@tenant_view(Role.VIEWER)
@require_safe
def suggestions(request: TenantRequest) -> HttpResponse:
    return render(request, "search/_suggestions.html", _context(request, MOST_SUGGESTED))


def _context(request: TenantRequest, most: int) -> dict[str, Any]:
    text = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:LONGEST_TEXT]
    groups = results(request.membership, text, most)
    return {"search_text": text, "groups": groups, "count": sum(len(group.hits) for group in groups)}
