"""What acts are called in front of people. Each app registers its own; an act without a label shows its bare name."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_labels: dict[str, Any] = {}


def register(labels: Mapping[str, Any]) -> None:
    """`{"operations.asked": _("Asked for an operation")}`."""
    _labels.update(labels)


def label_of(action: str) -> Any:
    return _labels.get(action, action)


def labelled() -> list[tuple[str, str]]:
    """Every labelled act with its label, by label."""
    return sorted(((action, str(label)) for action, label in _labels.items()), key=lambda pair: pair[1].lower())


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
}
PEOPLE = {
    "tenancy.tenant_created": _("Tenant created"),
    "tenancy.settings_changed": _("Settings changed"),
    "tenancy.suspended": _("Tenant suspended"),
    "tenancy.resumed": _("Tenant resumed"),
    "tenancy.invited": _("Invited a person"),
    "tenancy.invitation_resent": _("Sent an invitation again"),
    "tenancy.invitation_withdrawn": _("Withdrew an invitation"),
    "tenancy.invitation_accepted": _("Accepted an invitation"),
    "tenancy.role_changed": _("Changed a role"),
    "tenancy.member_removed": _("Removed a member"),
    "tenancy.member_left": _("Left the tenant"),
}
CONNECTIONS = {
    "vendors.connection_added": _("Connection added"),
    "vendors.connection_changed": _("Connection changed"),
    "vendors.connection_disabled": _("Connection switched off"),
    "vendors.connection_enabled": _("Connection switched on"),
    "vendors.connection_tested": _("Connection tested"),
    "vendors.version_noted": _("Noted a new API version"),
}
