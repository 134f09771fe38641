"""What a person fills in about operations: filters of the list, and reasons for decisions."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from portal.operations.models import Decision, Operation, Status
from portal.operations.registry import kinds
from portal.tenancy.models import Membership, Tenant
from portal.ui.forms import FilterForm, PortalForm
from portal.vendors.models import Connection

LONGEST_REASON = 500
LARGEST_ID = 2**63 - 1
NOT_ENDED = "open"
BY_THE_PORTAL = 0


class OperationFilter(FilterForm):
    """Above the list. Connections and people are checked as numbers only: a foreign one finds nothing."""

    text = forms.CharField(
        label=_("Search"), max_length=100, widget=forms.TextInput(attrs={"type": "search", "placeholder": _("What…")})
    )
    status = forms.ChoiceField(
        label=_("Status"), choices=[("", _("Any status")), (NOT_ENDED, _("Not ended")), *Status.choices]
    )
    kind = forms.ChoiceField(label=_("Kind"))
    connection = forms.IntegerField(
        label=_("Connection"), min_value=1, max_value=LARGEST_ID, widget=forms.Select(choices=[("", _("Any"))])
    )
    person = forms.IntegerField(
        label=_("Asked by"),
        min_value=BY_THE_PORTAL,
        max_value=LARGEST_ID,
        widget=forms.Select(choices=[("", _("Anybody"))]),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = sorted(((kind.name, str(kind.label)) for kind in kinds()), key=lambda choice: choice[1])
        self.fields["kind"].choices = [("", _("Any kind")), *known]  # type: ignore[attr-defined]

    def offer(self, tenant: Tenant) -> None:
        """Fill the selects with the tenant's connections and people: one query, so only for who will see them."""
        people = Membership.objects.filter(tenant=tenant).values_list(Value("person"), "user_id", "user__email")
        rows = list(Connection.objects.values_list(Value("connection"), "pk", "name").union(people, all=True))
        for field, first in (("connection", []), ("person", [(BY_THE_PORTAL, _("Patchbay itself"))])):
            found = sorted(
                ((pk, name) for kind, pk, name in rows if kind == field), key=lambda choice: choice[1].lower()
            )
            widget = self.fields[field].widget
            widget.choices = [*widget.choices, *first, *found]

    def narrow(self, operations: QuerySet[Operation]) -> QuerySet[Operation]:
        """Those of `operations` that were asked for."""
        return operations.filter(*(_CONDITIONS[name](value) for name, value in self.chosen().items()))


_CONDITIONS = {
    "text": lambda text: Q(label__icontains=text),
    "status": lambda status: Q(ended_at=None) if status == NOT_ENDED else Q(status=status),
    "kind": lambda kind: Q(kind=kind),
    "connection": lambda pk: Q(connection_id=pk),
    "person": lambda pk: Q(created_by_id=pk) if pk else Q(created_by=None),
}


class ReasonForm(PortalForm):
    """Why somebody decides so, for whoever reads the story later."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with the operation and in the audit trail. Say how you know."),
    )


class CancelForm(PortalForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class MarkDoneForm(ReasonForm):
    """The vendor's number proves it later, and lets what the vendor lists be recognised."""

    reference = forms.CharField(
        label=_("The vendor's number for it"),
        max_length=80,
        help_text=_("An order number or an ID, as the vendor writes it."),
    )
    field_order = ["reference", "reason"]


FORMS: dict[str, type[PortalForm]] = {
    Decision.Action.CANCEL: CancelForm,
    Decision.Action.MARK_DONE: MarkDoneForm,
}


def form_for(action: str) -> type[PortalForm]:
    return FORMS.get(action, ReasonForm)
