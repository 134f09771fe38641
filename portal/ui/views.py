"""Pages of the frame itself: what to say when something went wrong."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's proof of origin is missing or old; Django writes `reason` to its log."""
    return render(request, "ui/csrf_failure.html", status=403)


def bad_request(_request: HttpRequest, _exception: Exception) -> HttpResponse:
    """Without context processors: the request itself may be what cannot be read."""
    return HttpResponse(render_to_string("400.html"), status=400)


def server_error(_request: HttpRequest) -> HttpResponse:
    """Without context processors and without the database, which may be what is broken."""
    return HttpResponse(render_to_string("500.html"), status=500)


def healthy(_request: HttpRequest) -> HttpResponse:
    """For load balancers and supervisors: this process answers and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return HttpResponse("ok", content_type="text/plain")
