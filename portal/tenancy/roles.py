"""Roles of a member, and which of them may stand in for which."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member may do. `role.admits(other)`: a door marked `role` opens for a member who is `other`."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    OPERATOR = "operator", _("Operator")
    BILLING = "billing", _("Billing")
    VIEWER = "viewer", _("Viewer")

    def admits(self, other: str) -> bool:
        return other in _ADMITTED[self]


# Billing sees money and nothing that changes the service; it is beside operator, not below it.
_ADMITTED = {
    Role.OWNER: {Role.OWNER},
    Role.ADMIN: {Role.OWNER, Role.ADMIN},
    Role.OPERATOR: {Role.OWNER, Role.ADMIN, Role.OPERATOR},
    Role.BILLING: {Role.OWNER, Role.ADMIN, Role.BILLING},
    Role.VIEWER: set(Role),
}
