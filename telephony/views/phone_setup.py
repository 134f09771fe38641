"""Where a setup link leads, for a person without an account: GET asks, POST shows the sheet with the password, once.

A program that only follows links, as mail scanners do, uses nothing up.
"""

import time

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from portal.audit.context import client_address
from portal.tenancy.scope import keep_though_refused
from telephony.setup.links import find_link, note_attempt, open_link
from telephony.setup.refusals import LinkGone
from telephony.setup.sheet import Sheet

# From one network address: enough for a room of people, too few for guessing.
MOST_A_MINUTE = 30


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def phone_setup(request: HttpRequest, token: str) -> HttpResponse:
    response = _answer(request, token)
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    if _too_often(request):
        return render(request, "telephony/setup/too_often.html", status=429)
    try:
        if request.method == "POST":
            return _opened(request, token)
        link = find_link(token)
    except LinkGone as gone:
        keep_though_refused(request, lambda: note_attempt(token))
        return render(request, "telephony/setup/gone.html", {"sentence": str(gone)}, status=404)
    with override(link.language):
        return render(request, "telephony/setup/ask.html", {"company": link.tenant.name})


@sensitive_variables("password", "context")
def _opened(request: HttpRequest, token: str) -> HttpResponse:
    link, password = open_link(token)
    with override(link.language):
        context = {"company": link.tenant.name, "sheet": Sheet.of(link.account, password)}
        return render(request, "telephony/setup/opened.html", context)


def _too_often(request: HttpRequest) -> bool:
    key = f"phone-setup:{client_address(request)}:{int(time.time() // 60)}"
    cache.add(key, 0, 120)
    return cache.incr(key) > MOST_A_MINUTE
