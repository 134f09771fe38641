"""What the accounts and products on an invoice mean here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.billing.invoices.evidence import Invoicing, Place, Written
from portal.billing.invoices.refusals import BadLine, BadLines
from portal.billing.invoices.table import Told
from portal.billing.meters import MeterKind, meter_kinds


@dataclass(frozen=True)
class Meant:
    """`kind` None: the account is known, and the product is not; then `tenant_id` is told where there is one company only."""

    kind: MeterKind | None
    tenant_id: int | None
    object_id: int | None
    label: str


def invoiced_kinds(vendor: str) -> list[tuple[MeterKind, Invoicing]]:
    """The kinds of meters that a vendor charges for."""
    kinds = ((kind, kind.invoicing) for kind in meter_kinds())
    return [(kind, invoicing) for kind, invoicing in kinds if invoicing and invoicing.vendor == vendor]


def vendors_that_charge() -> set[str]:
    return {kind.invoicing.vendor for kind in meter_kinds() if kind.invoicing}


def meanings(vendor: str, lines: Sequence[Told]) -> list[Meant]:
    """Of each line, in their order. Raises BadLines for unknown and ambiguous accounts, and for a product that stands twice."""
    wanted = list(dict.fromkeys((line.account, line.product) for line in lines))
    found = [(kind, invoicing.find(wanted)) for kind, invoicing in invoiced_kinds(vendor)]
    bad: list[BadLine] = []
    meant: list[Meant] = []
    seen: dict[tuple[str, int], int] = {}
    for line in lines:
        places = _places(found, (line.account, line.product))
        reason = _unclear(line, places)
        if reason:
            bad.append(BadLine(line.position, reason))
            continue
        one = _meant(places)
        if one.kind and one.object_id is not None:
            first = seen.get((one.kind.key, one.object_id))
            if first is not None:
                bad.append(BadLine(line.position, _("Line %(n)s charges the same product.") % {"n": first}))
            seen[one.kind.key, one.object_id] = line.position
        meant.append(one)
    if bad:
        raise BadLines(bad)
    return meant


Found = Sequence[tuple[MeterKind, Mapping[Written, Sequence[Place]]]]


def _places(found: Found, written: Written) -> list[tuple[MeterKind, Place]]:
    return [(kind, place) for kind, places in found for place in places.get(written, ())]


def _unclear(line: Told, places: Sequence[tuple[MeterKind, Place]]) -> str:
    """Why a line cannot be placed; "" where it can."""
    if not places:
        return _("The account “%(account)s” is not known.") % {"account": line.account}
    if len({(kind.key, place.object_id) for kind, place in places if place.object_id is not None}) > 1:
        names = ", ".join(place.label for _kind, place in places if place.object_id is not None)
        return _("The account “%(account)s” has more than one such product: %(names)s.") % {
            "account": line.account,
            "names": names,
        }
    return ""


def _meant(places: Sequence[tuple[MeterKind, Place]]) -> Meant:
    for kind, place in places:
        if place.object_id is not None:
            return Meant(kind, place.tenant_id, place.object_id, place.label)
    tenants = {place.tenant_id for _kind, place in places}
    return Meant(None, tenants.pop() if len(tenants) == 1 else None, None, "")
