"""What acts are called in front of people. Each app registers its own; a test finds acts without a label."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

# Acts on the own account, and support staff at work.
OUTSIDE_TENANTS = ("account.", "staff.")

_labels: dict[str, Any] = {}


def register(labels: Mapping[str, Any]) -> None:
    """`{"operations.asked": _("Asked for an operation")}`."""
    _labels.update(labels)


def label_of(action: str) -> Any:
    return _labels.get(action, action)


def labelled() -> list[tuple[str, str]]:
    """Every labelled act with its label, by label."""
    return sorted(((action, str(label)) for action, label in _labels.items()), key=lambda pair: pair[1].lower())


def labelled_in_tenants() -> list[tuple[str, str]]:
    """`labelled`, without the acts that belong to no tenant."""
    return [(action, label) for action, label in labelled() if not action.startswith(OUTSIDE_TENANTS)]


OPERATIONS = {
    "operations.asked": _("Asked for an operation"),
    "operations.done": _("Operation done"),
    "operations.refused": _("Operation refused by the vendor"),
    "operations.cancelled": _("Operation ended without effect"),
    "operations.cancel_decided": _("Cancelled an operation"),
    "operations.look_again_decided": _("Asked to look at the vendor again"),
    "operations.send_again_decided": _("Decided to send again"),
    "operations.mark_done_decided": _("Marked an operation as done"),
    "operations.give_up_decided": _("Gave an operation up"),
    "operations.confirmed": _("Confirmed sending again"),
    "operations.withdrawn": _("Withdrew a request to send again"),
    "operations.refusal_noted": _("Support took note of a refusal"),
    "operations.case_file_made": _("Made a case file for the vendor"),
}
PEOPLE = {
    "tenancy.tenant_created": _("Company created"),
    "tenancy.settings_changed": _("Settings changed"),
    "tenancy.first_steps_dismissed": _("First steps put away"),
    "tenancy.tenant_suspended": _("Company suspended"),
    "tenancy.tenant_resumed": _("Company resumed"),
    "tenancy.invited": _("Invited a person"),
    "tenancy.invitation_resent": _("Sent an invitation again"),
    "tenancy.invitation_withdrawn": _("Withdrew an invitation"),
    "tenancy.invitation_accepted": _("Accepted an invitation"),
    "tenancy.role_changed": _("Changed a role"),
    "tenancy.member_removed": _("Removed a member"),
    "tenancy.member_left": _("Left the company"),
}
ACCOUNTS = {
    "account.signed_up": _("Made an account"),
    "account.signed_in": _("Signed in"),
    "account.signed_out": _("Signed out"),
    "account.password_refused": _("Wrong password"),
    "account.sign_in_blocked": _("Too many wrong passwords: sign-in blocked"),
    "account.password_changed": _("Changed the password"),
    "account.password_reset": _("Reset the password by mail"),
    "account.email_added": _("Added an e-mail address"),
    "account.email_confirmed": _("Confirmed an e-mail address"),
    "account.email_changed": _("Changed the e-mail address"),
    "account.email_removed": _("Removed an e-mail address"),
    "account.second_factor_added": _("Set up a second factor"),
    "account.second_factor_removed": _("Removed a second factor"),
    "account.second_factor_reset": _("Drew new recovery codes"),
    "account.second_factor_refused": _("Wrong second factor"),
    "account.second_factors_removed": _("Second factors removed by support"),
    "account.sessions_ended": _("Ended other sessions"),
    "account.profile_changed": _("Changed the own profile"),
    "account.access_changed": _("Access changed by support"),
}
STAFF = {
    "staff.viewed": _("Looked at a page of the admin"),
    "staff.changed": _("Sent a form of the admin"),
}
CONNECTIONS = {
    "vendors.connection_added": _("Connection added"),
    "vendors.connection_changed": _("Connection changed"),
    "vendors.connection_disabled": _("Connection switched off"),
    "vendors.connection_enabled": _("Connection switched on"),
    "vendors.connection_tested": _("Connection tested"),
    "vendors.version_noted": _("Noted a new API version"),
}
