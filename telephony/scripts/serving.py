"""Where the vendor's platform fetches a script for each call: before sessions, doors and transactions, since a call waits.

The address is the secret. An answer says nothing of whose script it is, and one that does not exist looks like one that is
not published.
"""

import hashlib
import re
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from telephony.scripts.rendering import parameters_of, render
from telephony.scripts.shelf import OutOfReach, Shelf

PREFIX = "/scripts/"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_FORM_BYTES = 16_384
FORM = "application/x-www-form-urlencoded"
XML = "text/xml; charset=utf-8"

shelf = Shelf()


class CallScripts:
    """Middleware that answers below PREFIX, and passes on everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        response = _answer(request)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    secret = request.path_info.removeprefix(PREFIX)
    if not SECRET.fullmatch(secret):
        return HttpResponse(status=404)
    try:
        text = shelf.text_of(digest_of(secret))
    except OutOfReach:
        return HttpResponse(status=503, headers={"Retry-After": "1"})
    if not text:
        return HttpResponse(status=404)
    return HttpResponse(render(text, parameters_of(request.GET, _form(request))), content_type=XML)


def digest_of(secret: str) -> str:
    """By which a script is found: what can be looked up in an index tells nothing about the secret itself."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _form(request: HttpRequest) -> dict[str, str]:
    """The form of a POST where it is one of bearable size; a call goes on without it otherwise."""
    length = request.headers.get("Content-Length", "")
    if request.method != "POST" or request.content_type != FORM or not length.isdigit() or int(length) > MAX_FORM_BYTES:
        return {}
    try:
        return request.POST.dict()
    except (SuspiciousOperation, RequestDataTooBig, MultiPartParserError, UnicodeError, OSError):
        return {}
