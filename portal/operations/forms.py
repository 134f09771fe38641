"""What a person fills in about operations: filters of the list, and reasons for decisions."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.operations.models import Decision, Operation, Status
from portal.operations.registry import kinds
from portal.search.finding import matching
from portal.ui.forms import FilterForm, PortalForm

LONGEST_REASON = 500
LARGEST_ID = 2**63 - 1
NOT_ENDED = "open"
BY_THE_PORTAL = 0


class OperationFilter(FilterForm):
    """Above the list, which offers connections and people. They are checked as numbers only: a foreign one finds nothing."""

    q = forms.CharField(
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
        widget=forms.Select(choices=[("", _("Anybody")), (BY_THE_PORTAL, _("Patchbay itself"))]),
    )
    batch = forms.IntegerField(min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = sorted(((kind.name, str(kind.label)) for kind in kinds()), key=lambda choice: choice[1])
        self.fields["kind"].choices = [("", _("Any kind")), *known]  # type: ignore[attr-defined]

    def narrow(self, operations: QuerySet[Operation]) -> QuerySet[Operation]:
        """Those of `operations` that were asked for."""
        return operations.filter(*(_CONDITIONS[name](value) for name, value in self.chosen().items()))


_CONDITIONS = {
    "q": lambda text: matching("operations.operation", text),
    "status": lambda status: Q(ended_at=None) if status == NOT_ENDED else Q(status=status),
    "kind": lambda kind: Q(kind=kind),
    "connection": lambda pk: Q(connection_id=pk),
    "person": lambda pk: Q(created_by_id=pk) if pk else Q(created_by=None),
    "batch": lambda pk: Q(batch_rows__batch=pk),
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
