"""Differences are told once for a connection, and are over when the last one is decided or gone."""

from portal.notices.models import Notice
from portal.tenancy.scope import tenant_scope
from telephony import drift
from telephony.models import Drift
from telephony.notices import DIFFERENCE
from tests.provisioning.pages import text_of


def told(telephone) -> list[tuple[int, bool]]:
    """(how many were new, whether it is open) of each notice."""
    with tenant_scope(telephone.tenant.pk):
        rows = Notice.objects.filter(kind="telephony.difference").order_by("pk")
        return [(notice.args["count"], notice.resolved_at is None) for notice in rows]


def behind(telephone, username: str) -> None:
    telephone.control.add_sip_account_behind(telephone.client_id, username)
    telephone.sync()


def adopt_one(telephone, who) -> None:
    with telephone.scope():
        drift.adopt(Drift.objects.open().earliest("pk"), reason="Ours", acting_user=who)


def test_it_is_told_once_and_open_until_the_last_is_decided(telephone, cast):
    behind(telephone, "carol")
    telephone.sync()
    behind(telephone, "dora")
    assert told(telephone) == [(1, True)]
    adopt_one(telephone, cast.alice)
    assert told(telephone) == [(1, True)]
    adopt_one(telephone, cast.alice)
    assert told(telephone) == [(1, False)]
    behind(telephone, "emma")
    assert told(telephone) == [(1, False), (1, True)]


def test_it_is_over_when_what_differed_went_away(telephone):
    behind(telephone, "carol")
    (carol,) = telephone.truth()["sip_accounts"]
    telephone.control.remove_sip_account_behind(telephone.client_id, carol["id"])
    telephone.sync()
    assert told(telephone) == [(1, False)]


def test_it_leads_to_the_differences(telephone, cast, client):
    behind(telephone, "carol")
    client.force_login(cast.bob)
    assert "The vendor has 1 SIP account otherwise than expected" in text_of(client.get("/t/acme/notices/"))
    with telephone.scope():
        leads_to = DIFFERENCE.url(Notice.objects.get(kind=DIFFERENCE.name), "acme")
    assert "carol" in text_of(client.get(leads_to))
