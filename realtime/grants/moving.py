"""When a connection leads to another address or application: no token of the one before is ever sent there."""

from django.utils.translation import gettext_noop

from portal.sentences import Sentence
from portal.vendors.models import Connection
from realtime.grants.ending import lose
from realtime.grants.models import Consent, Grant

MOVED = gettext_noop("The connection's address or application was changed, so the tokens of before were forgotten.")


def forget_grants(connection: Connection) -> None:
    """Everybody connects again, also who is at the vendor's page just now. In the caller's transaction and tenant scope."""
    Consent.objects.filter(connection=connection, done_at=None, error="").update(error="moved", answer="")
    grants = Grant.objects.filter(connection=connection)
    for grant in grants.filter(state=Grant.State.ACTIVE):
        lose(grants.filter(pk=grant.pk, state=Grant.State.ACTIVE), Sentence(MOVED))
    # An answer that comes late comes from the address of before.
    grants.update(renewer=None)
