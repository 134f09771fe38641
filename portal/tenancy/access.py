"""What support staff can ask about a person's account."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from portal.audit.trail import record
from portal.tenancy.authority import require_staff
from portal.tenancy.models import User
from portal.tenancy.refusals import ReasonMissing


@transaction.atomic
def change_access(user: User, *, is_active: bool, is_staff: bool, is_superuser: bool, acting_user: Any) -> User:
    """Open or close an account, and say who is staff. A closed account's sessions end with it. Raises StaffOnly."""
    require_staff(acting_user)
    user = User.objects.select_for_update().get(pk=user.pk)
    wanted = {"is_active": is_active, "is_staff": is_staff, "is_superuser": is_superuser}
    before = {field: getattr(user, field) for field, value in wanted.items() if getattr(user, field) != value}
    if before:
        after = {field: wanted[field] for field in before}
        User.objects.filter(pk=user.pk).update(**after)
        record("account.access_changed", user, before=before, after=after, acting_user=acting_user)
    return user


@transaction.atomic
def remove_second_factors(user: User, *, reason: str, acting_user: Any) -> None:
    """For somebody who lost telephone and recovery codes: a password is enough until a new one is set up.

    Raises StaffOnly, ReasonMissing.
    """
    require_staff(acting_user)
    if not reason.strip():
        raise ReasonMissing
    kinds = list(Authenticator.objects.filter(user=user).order_by("pk").values_list("type", flat=True))
    Authenticator.objects.filter(user=user).delete()
    record(
        "account.second_factors_removed", user, before={"kinds": kinds}, reason=reason.strip(), acting_user=acting_user
    )
