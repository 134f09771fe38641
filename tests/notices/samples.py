"""A notice of somebody's, for each address of `portal.notices`; see tests/sweep."""

from portal.notices.models import Notice
from portal.notices.raising import raise_notice
from portal.vendors.notices import BROKEN
from provisioning.notices import FULFILLED
from tests.provisioning.samples import some_connection


def samples(tenant, owner) -> dict[str, dict]:
    connection = some_connection(tenant, "Desk of notices")
    for number in range(3):
        args = {"type": "increment", "quantity": 5, "product": "Video", "number": f"O{number}"}
        raise_notice(FULFILLED, tenant.pk, f"sample-{number}", args)
    args = {"connection": connection.name, "trouble": "credentials"}
    raise_notice(BROKEN, tenant.pk, connection.pk, args, subject=connection)
    pk = Notice.objects.get(key=f"{BROKEN.name}:{connection.pk}").pk
    return {
        "notices:notices": {},
        "notices:read_all": {},
        "notices:preferences": {},
        "notices:open": {"pk": pk},
    }
