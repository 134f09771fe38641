"""What a person wants to be told in one company."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from portal.notices.models import Delivery, Preference
from portal.notices.registry import Kind, Mail
from portal.tenancy.models import Membership


@dataclass(frozen=True)
class Choice:
    """In the portal or not, and how by mail."""

    portal: bool
    mail: Mail


def choices_of(member: Membership, kinds: Iterable[Kind]) -> dict[str, Choice]:
    """What holds for each kind: what the person chose, or the kind's own way."""
    rows = Preference.objects.filter(tenant_id=member.tenant_id, user_id=member.user_id)
    chosen = {row.kind: Choice(row.portal, Mail(row.mail)) for row in rows}
    return {kind.name: chosen.get(kind.name) or Choice(kind.portal, kind.mail) for kind in kinds}


@transaction.atomic
def choose(member: Membership, chosen: Iterable[tuple[Kind, Choice]]) -> None:
    """Keep all of a person's choices. What waits to be mailed and is not wanted by mail any more is not mailed."""
    rows = [
        Preference(
            tenant_id=member.tenant_id,
            user_id=member.user_id,
            kind=kind.name,
            portal=choice.portal,
            mail=choice.mail if choice.mail in kind.ways else kind.mail,
        )
        for kind, choice in chosen
    ]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["tenant", "user", "kind"], update_fields=["portal", "mail"]
    )
    unwanted = [row.kind for row in rows if row.mail == Mail.NEVER]
    waiting = Delivery.objects.to_be_mailed().filter(user_id=member.user_id, notice__kind__in=unwanted, letter=None)
    waiting.update(mail=Delivery.State.DROPPED, due_at=None)
