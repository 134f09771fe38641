"""The lists of people: contacts, the do-not-send list, templates."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from messaging.people.forms import ContactFilter, OptOutFilter, TemplateFilter
from messaging.people.models import Contact, Group, OptOut, Template
from messaging.people.refining import values_text
from portal.lists.registry import Column, ListSpec, choices_of, register
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role


def _contacts(tenant: Tenant) -> QuerySet[Contact]:
    """Each with `on_list`: does its number stand on the do-not-send list?"""
    standing = OptOut.objects.standing().filter(tenant_id=OuterRef("tenant_id"), number=OuterRef("number"))
    return Contact.objects.filter(tenant=tenant).annotate(on_list=Exists(standing))


CONTACTS = ListSpec(
    key="messaging.contacts",
    label=_("Contacts"),
    url_name="messaging:contacts",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Name"), lambda row: row.name, order=("name", "pk")),
        Column("number", _("Mobile number"), lambda row: row.number, order=("number", "pk")),
        Column("tags", _("Tags"), lambda row: ", ".join(row.tags)),
        Column("values", _("Values for placeholders"), lambda row: values_text(row.values).replace("\n", "; ")),
        Column("on_list", _("On the do-not-send list"), lambda row: _("yes") if row.on_list else _("no")),
        Column("created", _("Since"), lambda row: row.created_at, order=("created_at", "pk")),
    ),
    rows=_contacts,
    form=lambda data, tenant: ContactFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("name", "pk"),
    offers=lambda tenant: {"group": choices_of(Group.objects.filter(tenant=tenant).order_by("name"), "pk", "name")},
)


def _opt_outs(tenant: Tenant) -> QuerySet[OptOut]:
    return OptOut.objects.filter(tenant=tenant).select_related("created_by", "lifted_by")


OPT_OUTS = ListSpec(
    key="messaging.opt_outs",
    label=_("Do-not-send list"),
    url_name="messaging:opt_outs",
    role=Role.VIEWER,
    columns=(
        Column("number", _("Mobile number"), lambda row: row.number, order=("number", "pk")),
        Column("source", _("Source"), lambda row: row.get_source_display()),
        Column("note", _("Note"), lambda row: row.note),
        Column("created", _("Since"), lambda row: row.created_at, order=("created_at", "pk")),
        Column("by", _("Entered by"), lambda row: row.created_by.email if row.created_by else None),
        Column("lifted", _("Taken off"), lambda row: row.lifted_at),
        Column("lifted_by", _("Taken off by"), lambda row: row.lifted_by.email if row.lifted_by else None),
        Column("reason", _("Reason"), lambda row: row.lifted_because),
    ),
    rows=_opt_outs,
    form=lambda data, tenant: OptOutFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
)


def _templates(tenant: Tenant) -> QuerySet[Template]:
    return Template.objects.filter(tenant=tenant).select_related("changed_by")


TEMPLATES = ListSpec(
    key="messaging.templates",
    label=_("Templates"),
    url_name="messaging:templates",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Name"), lambda row: row.name, order=("name", "pk")),
        Column("text", _("Text"), lambda row: row.text),
        Column("changed", _("Changed"), lambda row: row.changed_at, order=("changed_at", "pk")),
        Column("by", _("Changed by"), lambda row: row.changed_by.email if row.changed_by else None),
    ),
    rows=_templates,
    form=lambda data, tenant: TemplateFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("name", "pk"),
)


def register_lists() -> None:
    for spec in (CONTACTS, OPT_OUTS, TEMPLATES):
        register(spec)
