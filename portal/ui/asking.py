"""What views share: what a member may do, and a form that asks a verb for a change."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest
from portal.tenancy.roles import Role
from portal.ui.forms import FormKey

# A form is not kept open longer than this and then sent twice.
KEY_LIFE_SECONDS = 86_400


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


def first_time(request: HttpRequest, form: FormKey) -> bool:
    """Is this the first time that this very form is sent? A reload of what showed a secret shows nothing."""
    return cache.add(f"form-sent:{request.tenant.pk}:{form.form_key}", 1, KEY_LIFE_SECONDS)  # type: ignore[attr-defined]


def done(request: TenantRequest, sentence: str, place: str, *args: Any) -> HttpResponse:
    """Say so, and lead to the tenant's page `place` ("messaging:rules")."""
    messages.success(request, sentence)
    return redirect(place, request.tenant.slug, *args)
