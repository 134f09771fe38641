"""A saved filter and a finished export of the activity, and the arguments of each address of the lists."""

import gzip
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from portal.lists.csv_text import heading
from portal.lists.exports import KEPT
from portal.lists.models import Export, ExportPart, SavedFilter
from portal.lists.registry import list_of

KEY = "operations.operations"
OF_AN_EXPORT = ["exported", "exported_now", "export_file", "export_discard"]


def samples(tenant, owner) -> dict[str, dict]:
    """{"lists:name": its arguments without the slug} for every address of the app."""
    kept = some_filter(tenant, owner)
    export = finished_export(tenant, owner)
    found = {f"lists:{name}": {"pk": export.pk} for name in OF_AN_EXPORT}
    found |= {f"lists:{name}": {"key": KEY} for name in ("export", "save_filter")}
    return found | {"lists:exports": {}, "lists:delete_filter": {"pk": kept.pk}}


def some_filter(tenant, owner, name: str = "Sample", query: str = "status=done", **fields) -> SavedFilter:
    fields = {"list_key": KEY, **fields}
    return SavedFilter.objects.create(tenant=tenant, user=owner, name=name, query=query, **fields)


def finished_export(tenant, owner, **fields) -> Export:
    """Of a list without rows: one part, with the heading alone."""
    now, text = timezone.now(), heading(list_of(KEY)).encode()
    values = {
        "list_key": KEY,
        "started_at": now - timedelta(seconds=3),
        "finished_at": now,
        "expires_at": now + KEPT,
        "part_count": 1,
        "size": len(text),
        "packed_size": len(gzip.compress(text, mtime=0)),
    }
    export = Export.objects.create(tenant=tenant, asked_by=owner, form_key=uuid4(), **(values | fields))
    ExportPart.objects.create(tenant=tenant, export=export, number=0, packed=gzip.compress(text, mtime=0))
    return export
