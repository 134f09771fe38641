"""What support fills in: why and how to visit a tenant, and notes about incidents."""

from typing import Any

from django import forms
from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext_lazy as _

from portal.support.visits import LENGTHS
from portal.tenancy.models import Membership, Role, Tenant
from portal.ui.forms import CleanText

# A list that nobody can read to its end is no choice; the owners come first.
MOST_MEMBERS = 200


class VisitForm(CleanText, forms.Form):
    """A visit to `tenant`: sent twice, the second one ends the first."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text=_("The company reads it in its list of visits and in its audit trail. Name the ticket or who asked."),
    )
    member = forms.ChoiceField(label=_("See as"))
    minutes = forms.TypedChoiceField(
        label=_("For"),
        coerce=int,
        choices=[(length, _("%(n)d minutes") % {"n": length}) for length in LENGTHS],
        initial=LENGTHS[0],
        widget=forms.RadioSelect,
    )
    may_change = forms.BooleanField(label=_("I must change something"), required=False)

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.members = {str(member.pk): member for member in _members(tenant)}
        choice: Any = self.fields["member"]
        choice.choices = [(pk, _person(member)) for pk, member in self.members.items()]

    def clean_member(self) -> Membership:
        return self.members[self.cleaned_data["member"]]


class NoteForm(CleanText, forms.Form):
    text = forms.CharField(
        label=_("Note"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text=_("What is known and what is being done, for your colleagues."),
    )


def _members(tenant: Tenant) -> list[Membership]:
    """By weight of their role."""
    weight = Case(*(When(role=role, then=Value(place)) for place, role in enumerate(Role)), output_field=IntegerField())
    return list(Membership.objects.filter(tenant=tenant).select_related("user").order_by(weight, "pk")[:MOST_MEMBERS])


def _person(member: Membership) -> str:
    name = f"{member.user.name} <{member.user.email}>" if member.user.name else member.user.email
    return _("%(person)s, %(role)s") % {"person": name, "role": member.get_role_display()}
