"""Campaigns: the list, one of them followed while it is sent, its messages and its batches."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    CharField,
    Count,
    IntegerField,
    Max,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, JSONObject
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from messaging.campaigns.standing import PAUSED, Standing, seconds_to_next_look, standing_of
from messaging.campaigns.tally import Tally, tally_of
from messaging.lists import CAMPAIGNS, MESSAGES
from messaging.models import Batch, Campaign, Message, MessageState, Sending
from messaging.reports.codes import Meaning, meaning_of
from portal.audit.models import Entry
from portal.lists.pages import list_page
from portal.partial_rows import partial_row
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION

SEALED = (*SEALED_OF_CONNECTION, "connection__health__access_token")
BATCHES_SHOWN, ALL_BATCHES, CODES_SHOWN = 20, 1_000, 12
BATCH_READ = ["id", "tenant_id", "number", "canary", "state", "taken_at", *MessageState.values]
NOT_ARRIVED = [MessageState.FAILED, MessageState.REJECTED, MessageState.EXPIRED]
# Those that want a look stand first.
PLACES = [Batch.State.UNKNOWN, Batch.State.REFUSED, Batch.State.ASKED, Batch.State.PLANNED]


@dataclass(frozen=True)
class BatchRow:
    batch: Batch
    tally: Tally


@dataclass(frozen=True)
class Reason:
    """So many messages of a campaign ended with one code of the vendor."""

    code: str
    meaning: Meaning | None
    count: int


@dataclass(frozen=True)
class Shown:
    """A campaign as its page follows it. `every` is after how many seconds it looks again, 0 for not at all."""

    campaign: Campaign
    tally: Tally
    standing: Standing
    every: int
    rows: list[BatchRow]
    more: bool
    reasons: list[Reason]

    @property
    def rest(self) -> int:
        """How many messages a person may have sent at once; none before the campaign has begun."""
        return self.tally.waiting if self.standing.held and self.campaign.began_at else 0


@tenant_view(Role.VIEWER)
@require_safe
def campaigns(request: TenantRequest) -> HttpResponse:
    found = list_page(request, CAMPAIGNS)
    rows = [(campaign, tally_of(campaign)) for campaign in found["page"].items]
    return render(request, "messaging/campaigns.html", {"rows": rows, **found, **_may(request)})


@tenant_view(Role.VIEWER)
@require_safe
def campaign(request: TenantRequest, pk: int) -> HttpResponse:
    shown = _shown(request, pk)
    context = {"shown": shown, "campaign": shown.campaign, "reasons": shown.reasons, "form_key": uuid4()}
    return render(request, "messaging/campaign.html", context | _may(request) | _second(request, shown.campaign))


@tenant_view(Role.VIEWER)
@require_safe
def campaign_now(request: TenantRequest, pk: int) -> HttpResponse:
    """What moves on the page of a campaign. Where its state is another one than the page has, all of it is read anew."""
    shown = _shown(request, pk)
    if request.htmx and request.GET.get("state") != shown.campaign.state:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "messaging/_campaign_now.html", {"shown": shown, "campaign": shown.campaign})


@tenant_view(Role.VIEWER)
@require_safe
def campaign_messages(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Campaign.objects.only("name", "state", "tenant"), pk=pk)
    listed = list_page(request, MESSAGES, fixed={"campaign": pk})
    return render(request, "messaging/campaign_messages.html", {"campaign": found, **listed})


@tenant_view(Role.VIEWER)
@require_safe
def batch(request: TenantRequest, pk: int) -> HttpResponse:
    """One batch: what was tried, and what may be done about an unknown outcome."""
    rows = Batch.objects.select_related("campaign", "operation").defer("campaign__audience", "campaign__plan")
    found = get_object_or_404(rows, pk=pk)
    tries = Sending.objects.filter(batch=found).order_by("-number")[:BATCHES_SHOWN]
    context = {"batch": found, "campaign": found.campaign, "tally": _counts(found), "tries": tries}
    return render(request, "messaging/batch.html", context | _may(request))


def _shown(request: TenantRequest, pk: int) -> Shown:
    most = ALL_BATCHES if request.GET.get("batches") == "all" else BATCHES_SHOWN
    found: Any = get_object_or_404(_rows(most + 1), pk=pk)
    found.connection.tenant = request.tenant
    tally = tally_of(found)
    batches = [partial_row(Batch, row) for row in found.batch_rows]
    for batch, row in zip(batches, found.batch_rows, strict=True):
        batch.document_id = row["document_id"]  # type: ignore[attr-defined]
    return Shown(
        found,
        tally,
        standing_of(found, tally),
        seconds_to_next_look(found, tally),
        [BatchRow(each, _counts(each)) for each in batches[:most]],
        more=len(batches) > most,
        reasons=[_reason(row) for row in found.reasons],
    )


def _rows(batches: int) -> QuerySet[Campaign]:
    """All that the page shows of a campaign, by one query: it has none to spare."""
    due = Batch.objects.filter(campaign=OuterRef("pk")).order_by().values("campaign")
    pauses = Entry.objects.filter(
        tenant=OuterRef("tenant"),
        action=PAUSED,
        object_type=Campaign._meta.label_lower,
        object_id=Cast(OuterRef("pk"), CharField()),
    )
    rows = Campaign.objects.for_list().with_counts().select_related("connection__health", "released_by", "confirmed_by")
    return rows.defer(*SEALED, "audience").annotate(
        reports_due_at=Subquery(due.annotate(last=Max("reports_due_at")).values("last")),
        paused_by=Subquery(pauses.order_by("-pk").values("actor_label")[:1]),
        batch_rows=ArraySubquery(_batches()[:batches]),
        reasons=ArraySubquery(_reasons()),
    )


def _batches() -> QuerySet[Any, Any]:
    """Those that want a look first, as `partial_row` takes them."""
    places = [When(state=state, then=Value(place)) for place, state in enumerate(PLACES)]
    place = Case(*places, default=Value(len(places)), output_field=IntegerField())
    tries = Sending.objects.filter(batch=OuterRef("pk")).order_by("-number")
    row = JSONObject(**{name: name for name in BATCH_READ}, document_id=Subquery(tries.values("document_id")[:1]))
    return Batch.objects.filter(campaign=OuterRef("pk")).order_by(place, "number").values(row=row)


def _counts(batch: Batch) -> Tally:
    return Tally({state: getattr(batch, state) for state in MessageState.values})


def _reasons() -> QuerySet[Any, Any]:
    """Why messages did not arrive, the most frequent first."""
    rows = Message.objects.filter(campaign=OuterRef("pk"), state__in=NOT_ARRIVED)
    counted = rows.values("code").annotate(count=Count("pk")).order_by("-count", "code")
    return counted.values(row=JSONObject(code="code", count="count"))[:CODES_SHOWN]


def _reason(row: dict[str, Any]) -> Reason:
    return Reason(row["code"], meaning_of(row["code"]), row["count"])


def _may(request: TenantRequest) -> dict[str, Any]:
    return {
        "may_operate": request.membership.allows(Role.OPERATOR) and not request.tenant.suspended,
        "may_administer": request.membership.allows(Role.ADMIN) and not request.tenant.suspended,
    }


def _second(request: TenantRequest, campaign: Campaign) -> dict[str, Any]:
    """A second person is another one than who released it."""
    return {"is_second": campaign.released_by_id != request.membership.user_id}
