"""What views share: what a member may do, and a form that asks a verb for a change."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest
from portal.tenancy.roles import Role


def may(request: TenantRequest, role: Role) -> Any:
    """Asked when the template looks."""
    return SimpleLazyObject(lambda: request.membership.allows(role))


def status_of(form: Any) -> int:
    return 422 if form.is_bound and form.errors else 200


def asked(form: Any, verb: Callable[[], Any]) -> bool:
    """Call `verb` for a form that was sent and is valid. What the verb refuses is told by the form."""
    if not form.is_bound or not form.is_valid():
        return False
    try:
        verb()
    except NotPromised as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def done(request: TenantRequest, sentence: str, place: str, *args: Any) -> HttpResponse:
    """Say so, and lead to the tenant's page `place` ("messaging:rules")."""
    messages.success(request, sentence)
    return redirect(place, request.tenant.slug, *args)
