"""What is known of a connection by using it, for its timeline: since when there is trouble, and what the last test found."""

from collections.abc import Iterator
from typing import Any

from django.db.models import F, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.audit.timeline import Happening, Source, Wanted, ref_of
from portal.vendors.models import Connection, ConnectionState

Trouble, Finding = ConnectionState.Trouble, ConnectionState.Finding
PORTAL = "Patchbay"


def _troubled(wanted: Wanted) -> QuerySet[ConnectionState] | None:
    return _states(wanted, trouble_since__isnull=False)


def _tested(wanted: Wanted) -> QuerySet[ConnectionState] | None:
    return _states(wanted, tested_at__isnull=False)


def _states(wanted: Wanted, **condition: bool) -> QuerySet[ConnectionState] | None:
    if not wanted.is_about(Connection):
        return None
    return ConnectionState.objects.filter(connection=wanted.object_id, **condition)


def _tell_trouble(row: dict[str, Any]) -> Iterator[Happening]:
    if row["trouble"]:
        yield Happening(
            at=parse_datetime(row["at"]),  # type: ignore[arg-type]
            text=_("Trouble began"),
            who=PORTAL,
            ref=ref_of(Connection._meta.label_lower, row["connection"]),
            tone="danger",
            word=Trouble(row["trouble"]).label,
            said=row["message"],
        )


def _tell_test(row: dict[str, Any]) -> Iterator[Happening]:
    finding = Finding(row["finding"])
    yield Happening(
        at=parse_datetime(row["at"]),  # type: ignore[arg-type]
        text=_("Test ended"),
        who=PORTAL,
        ref=ref_of(Connection._meta.label_lower, row["connection"]),
        tone="success" if finding == Finding.WELL else "danger",
        word=finding.label,
        said=row["detail"],
    )


_OF_CONNECTION = {"connection": F("connection_id")}
SOURCES = (
    Source(
        "vendors.trouble",
        _troubled,
        "trouble_since",
        {**_OF_CONNECTION, "at": "trouble_since", "trouble": "trouble", "message": "trouble_message"},
        _tell_trouble,
    ),
    Source(
        "vendors.test",
        _tested,
        "tested_at",
        {**_OF_CONNECTION, "at": "tested_at", "finding": "test_finding", "detail": "test_detail"},
        _tell_test,
    ),
)
