"""The least that a Django view can do with a post: one INSERT. The measure for `bench.reports`."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path


def keep(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("insert into bare_row (body) values (%s)", [request.body])
    return HttpResponse()


urlpatterns = [path("bare/", keep)]
