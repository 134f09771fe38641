"""What a person can ask about themselves."""

from typing import Any

from django.db import transaction

from portal.tenancy.account_trail import record_account
from portal.tenancy.models import User


@transaction.atomic
def update_profile(user: User, *, name: str, language: str, acting_user: Any) -> User:
    """Change the own name and language ("" follows the browser)."""
    user = User.objects.select_for_update().get(pk=user.pk)
    wanted = {"name": name, "language": language}
    after = {field: value for field, value in wanted.items() if getattr(user, field) != value}
    if after:
        User.objects.filter(pk=user.pk).update(**after)
        record_account("account.profile_changed", acting_user, after=after)
    return user
