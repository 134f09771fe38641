"""What people fill in about their company, its members and themselves."""

from typing import Any, cast
from zoneinfo import available_timezones

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.search.finding import matching
from portal.tenancy.models import Membership, Role, Tenant, User
from portal.tenancy.welcome import invited_address
from portal.ui.forms import CleanText, FilterForm, PortalForm, PortalModelForm


def role_choices(roles: list[Role]) -> list[tuple[str, Any]]:
    return [(role.value, role.label) for role in roles]


class InviteForm(PortalForm):
    """Whom to invite, and as what; `roles` are those that the inviting person may give."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=role_choices(roles), initial=Role.VIEWER)

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class PeopleFilter(FilterForm):
    q = forms.CharField(label=_("Name or e-mail"), max_length=254, widget=forms.TextInput(attrs={"type": "search"}))
    role = forms.ChoiceField(label=_("Role"), choices=[("", _("All")), *Role.choices])

    def narrow(self, members: QuerySet[Membership]) -> QuerySet[Membership]:
        chosen = self.chosen()
        if text := chosen.get("q"):
            members = members.filter(matching("tenancy.membership", text))
        return members.filter(role=chosen["role"]) if "role" in chosen else members


class RoleForm(PortalForm):
    """Another role for a member, of those that the asking person may give."""

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=role_choices(roles))

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class SettingsForm(PortalModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Times on all pages are shown in it."))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, help_text=_("Of mails to members."))

    class Meta:
        model = Tenant
        fields = ["name", "time_zone", "language", "require_mfa"]
        labels = {"require_mfa": _("Members need two-factor sign-in")}
        help_texts = {"require_mfa": _("Who has not set it up is led to do so before any page of this company opens.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = _time_zones(self.instance.time_zone)
        cast(forms.ChoiceField, self.fields["time_zone"]).choices = [(name, name.replace("_", " ")) for name in places]


class ProfileForm(PortalModelForm):
    name = forms.CharField(label=_("Name"), max_length=120, required=False, help_text=_("As others see you."))
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("As my browser asks")), *settings.LANGUAGES], required=False
    )

    class Meta:
        model = User
        fields = ["name", "language"]


class SignupForm(CleanText, AllauthSignupForm):
    """An account; by invitation, unless sign-up is open, and then for the invited address only."""

    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}), required=False
    )
    field_order = ["email", "name", "password1", "password2"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invited = invited_address(_request())
        if self.invited:
            self.fields["email"].initial = self.invited

    def clean_email(self) -> str:
        email = super().clean_email()
        if self.invited and not settings.SIGNUP_OPEN and email.lower() != self.invited:
            raise ValidationError(
                _("Your invitation is for %(email)s. Sign up with that address."), params={"email": self.invited}
            )
        return email

    def custom_signup(self, request: Any, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class ReasonForm(PortalForm):
    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("The audit trail keeps it."))


def _time_zones(current: str) -> list[str]:
    """Places, and UTC; a historical name without a place only where it is in use."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith("Etc/")}
    return ["UTC", *sorted((places | {current}) - {"UTC"})]


def _request() -> Any:
    from allauth.core import context

    return context.request
