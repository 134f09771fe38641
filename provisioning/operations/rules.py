"""What a subscriber may be, whether somebody types it or a file brings it. Each raises NotPromised."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from provisioning.models import Subscriber
from provisioning.operations.refusals import NotPromised

# The vendor's own rule.
USERNAME = re.compile(r"[A-Za-z0-9._+-]{1,64}", re.ASCII)
LONGEST_USERNAME = 64
LONGEST_TEMPORARY = timedelta(days=3 * 366)


def check_username(username: str) -> None:
    if len(username) > LONGEST_USERNAME:
        raise NotPromised(_("The username is longer than %(most)s characters."), most=LONGEST_USERNAME)
    if not USERNAME.fullmatch(username):
        raise NotPromised(_("Use only the letters A to Z without accents, digits and . _ + -, and no spaces."))


def check_end(ends_at: datetime | None) -> None:
    """`ends_at` is aware; None for a subscriber that stays."""
    if ends_at is None:
        return
    now = timezone.now()
    if ends_at <= now:
        raise NotPromised(_("The end must be in the future."))
    if ends_at > now + LONGEST_TEMPORARY:
        raise NotPromised(_("The end is more than three years ahead. Make it persistent instead."))


def check_new(username: str, taken: set[str]) -> None:
    """`taken` as `taken_usernames` tells it."""
    if username.lower() in taken:
        raise NotPromised(_("There is a subscriber “%(name)s” already."), name=username)


def taken_usernames(connection_id: int, usernames: Iterable[str]) -> set[str]:
    """Which of `usernames` live already, in lower case; their case does not tell them apart."""
    wanted = {username.lower() for username in usernames}
    living = Subscriber.objects.living().filter(connection_id=connection_id)
    return set(living.annotate(plain=Lower("username")).filter(plain__in=wanted).values_list("plain", flat=True))


def check_deletion(subscriber: Subscriber) -> None:
    if subscriber.state != Subscriber.State.ACTIVE:
        raise NotPromised(
            _("Only an active subscriber can be deleted; this one is: %(state)s."),
            state=str(subscriber.get_state_display()),
        )
    if subscriber.credentials_lost:
        raise NotPromised(
            _(
                "The vendor's ID of this subscriber is not known. Ask the vendor for it and enter it here, then delete it."
            )
        )
