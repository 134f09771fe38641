"""The list of a company's people."""

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, choices_of
from portal.tenancy.forms import PeopleFilter
from portal.tenancy.models import Membership, Tenant
from portal.tenancy.roles import Role


def members_of(tenant: Tenant) -> QuerySet[Membership]:
    """Filtered by hand: the wall also lets people see their own memberships elsewhere, to switch between companies."""
    return Membership.objects.filter(tenant=tenant).select_related("user")


def people_of(tenant: Tenant) -> QuerySet[Membership]:
    """The members as choices of another list's filter."""
    label = Coalesce(NullIf("user__name", Value("")), "user__email")
    return choices_of(Membership.objects.filter(tenant=tenant).order_by("pk"), "user_id", label)


PEOPLE = ListSpec(
    key="tenancy.people",
    label=_("People"),
    url_name="tenancy:people",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Name"), lambda member: member.user.name),
        Column("email", _("E-mail address"), lambda member: member.user.email),
        Column("role", _("Role"), lambda member: member.get_role_display()),
        Column("since", _("Since"), lambda member: member.created_at, order=("created_at", "pk")),
    ),
    rows=members_of,
    form=lambda data, tenant: PeopleFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("created_at", "pk"),
)
