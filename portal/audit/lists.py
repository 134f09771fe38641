"""The list of what was done in a company."""

import json
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.audit.forms import EntryFilter
from portal.audit.labels import label_of
from portal.audit.models import Entry
from portal.lists.registry import Column, ListSpec
from portal.tenancy.lists import people_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role


def _rows(tenant: Tenant) -> QuerySet[Entry]:
    return Entry.objects.of_tenant(tenant)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


ENTRIES = ListSpec(
    key="audit.entries",
    label=_("Audit"),
    url_name="audit:entries",
    role=Role.ADMIN,
    columns=(
        Column("when", _("When"), lambda entry: entry.at, order=("at", "pk")),
        Column("who", _("Who"), lambda entry: entry.actor_label),
        Column("for", _("On behalf of"), lambda entry: entry.on_behalf_of_label),
        Column("from", _("From"), lambda entry: entry.ip_address),
        Column("what", _("What"), lambda entry: label_of(entry.action)),
        Column("act", _("Name of the act"), lambda entry: entry.action),
        Column("object", _("Of what"), lambda entry: entry.object_label),
        Column("object_type", _("Kind of object"), lambda entry: entry.object_type),
        Column("object_id", _("Its number"), lambda entry: entry.object_id),
        Column("before", _("Before"), lambda entry: _json(entry.before)),
        Column("after", _("After"), lambda entry: _json(entry.after)),
        Column("reason", _("Reason"), lambda entry: entry.reason),
        Column("request", _("Request"), lambda entry: entry.request_id),
        Column("number", _("Entry"), lambda entry: entry.pk),
    ),
    rows=_rows,
    form=lambda data, tenant: EntryFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows, tenant.zone),
    order=("-at", "-pk"),
    offers=lambda tenant: {"person": people_of(tenant)},
)
