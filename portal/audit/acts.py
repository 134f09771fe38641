"""What the audit trail adds to a timeline: the acts on an object, or of one request."""

from collections.abc import Iterator
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.dateparse import parse_datetime

from portal.audit.changes import changes_between
from portal.audit.labels import label_of
from portal.audit.models import Entry
from portal.audit.timeline import Happening, Source, Wanted, ref_of

# A person as timelines call them: by name where there is one.
NAMED = {
    "who": Coalesce(NullIf(F("actor__name"), Value("")), F("actor_label")),
    "on_behalf_of": Coalesce(NullIf(F("on_behalf_of__name"), Value("")), F("on_behalf_of_label")),
}
FIELDS: dict[str, Any] = {
    **NAMED,
    **{
        name: name
        for name in (
            "pk",
            "at",
            "ip_address",
            "request_id",
            "action",
            "object_type",
            "object_id",
            "object_label",
            "before",
            "after",
            "reason",
        )
    },
}


def _rows(wanted: Wanted) -> QuerySet[Entry]:
    if wanted.request_id:
        return readable(Entry.objects.filter(request_id=wanted.request_id), wanted)
    return Entry.objects.filter(object_type=wanted.object_type, object_id=str(wanted.object_id))


def readable(entries: QuerySet[Entry], wanted: Wanted) -> QuerySet[Entry]:
    return entries if wanted.readable is None else entries.filter(object_type__in=wanted.readable)


def tell(entry: dict[str, Any]) -> Iterator[Happening]:
    """`entry` has FIELDS."""
    yield Happening(
        at=parse_datetime(entry["at"]),  # type: ignore[arg-type]
        text=label_of(entry["action"]),
        who=entry["who"],
        on_behalf_of=entry["on_behalf_of"] or "",
        request_id=entry["request_id"],
        ref=ref_of(entry["object_type"], entry["object_id"]),
        label=entry["object_label"],
        act=entry["action"],
        entry_id=entry["pk"],
        said=entry["reason"],
        changes=tuple(changes_between(entry["before"], entry["after"])),
        ip_address=entry["ip_address"] or "",
    )


ACTS = Source("acts", _rows, "at", FIELDS, tell)
