"""A subscriber's credentials: shown once for each time they are asked for, and kept by nobody on the way."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from portal.tenancy.door import tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import first_time
from portal.ui.forms import ConfirmForm
from portal.vendors.desks import slug_of
from provisioning.models import Subscriber
from provisioning.operations import NotPromised, reveal_password
from provisioning.views.subscribers import detail_page, find, whole


@tenant_view(Role.OPERATOR, reveals_secrets=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("password", "context", "shown")
def credentials(request: HttpRequest, pk: int) -> HttpResponse:
    """Show them in answer to a POST, which is on record. Sent again, as by a reload, it shows the page without them."""
    subscriber, form = find(pk), ConfirmForm(request.POST or None)
    if request.method != "POST" or not form.is_valid() or not first_time(request, form):
        return redirect("provisioning:subscriber", slug_of(request), pk)
    try:
        password = reveal_password(subscriber, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return redirect("provisioning:subscriber", slug_of(request), pk)
    shown: dict[str, Any] = {"password": password, "snippet": snippet(subscriber, password)}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "provisioning/_subscriber.html", whole(request, subscriber) | shown)
    return detail_page(request, subscriber, **shown)


@sensitive_variables()
def snippet(subscriber: Subscriber, password: str) -> str:
    """JavaScript that signs this subscriber in with the vendor's SDK; the server names are for the reader to fill in."""
    return f"""// npm install @kandy-io/link-sdk
import {{ create }} from "@kandy-io/link-sdk";

// To be adapted: the server of your region, from your contract.
const server = "your-region.example.com";
const kandy = create({{
  authentication: {{ subscription: {{ server }}, websocket: {{ server }} }},
}});

// {_literal(subscriber.username)[1:-1]} on the domain {_domain(subscriber)}.
// Hand the password out from your own server, to this user alone:
// whoever opens a page can read what is in it.
kandy.setCredentials({{
  username: {_literal(subscriber.identity or subscriber.username)},
  password: {_literal(password)},
}});
kandy.services.subscribe(["call"]);
"""


def _domain(subscriber: Subscriber) -> str:
    return _literal(subscriber.identity.partition("@")[2] or "?")[1:-1]


def _literal(text: Any) -> str:
    """As a JavaScript string, harmless in a script element too."""
    return json.dumps(str(text)).replace("<", "\\u003c")
