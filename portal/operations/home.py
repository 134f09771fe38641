"""Operations that are stuck, on a tenant's first page."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.operations.attention import of_unknown_outcome
from portal.tenancy.roles import Role
from portal.ui.badges import capped
from portal.ui.home import Matter
from portal.ui.navigation import waiting_behind


def matters(request: HttpRequest) -> Iterator[Matter]:
    """Those that need a person, and those whose outcome the portal itself is finding out."""
    slug = request.tenant.slug  # type: ignore[attr-defined]
    found = waiting_behind(request, unknown_outcomes=of_unknown_outcome)
    needing, unknown = found["operations:operations"], found["unknown_outcomes"]
    url = reverse("operations:operations", args=[slug])
    if needing:
        text = ngettext("%(n)s operation needs a person.", "%(n)s operations need a person.", len(needing))
        alone = reverse("operations:operation", args=[slug, needing[0]]) if len(needing) == 1 else ""
        where = alone or f"{url}?status=needs_person"
        yield Matter("danger", text % {"n": capped(len(needing))}, where, _("Decide"), Role.OPERATOR)
    if unknown:
        text = ngettext(
            "The outcome of %(n)s operation is not known yet; the vendor is being looked at.",
            "The outcome of %(n)s operations is not known yet; the vendor is being looked at.",
            len(unknown),
        )
        yield Matter("warning", text % {"n": capped(len(unknown))}, f"{url}?status=unknown")
