"""Planning: a campaign's list becomes messages in batches, and lines that are left out, by sets."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Any

from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from messaging.campaigns.lines import PlannedLine, Writer
from messaging.models import MOST_IN_A_CALL, Batch, Campaign, Destination, Message, RejectedLine, SmsAccount, SmsRules
from messaging.rules import rules_of
from portal.ui.formats import CENT

LINES_AT_ONCE = 5_000
FORCING_SHOWN = 40
COLUMNS = {
    "seq": "integer", "line": "integer", "value": "text", "number": "text", "country": "text", "text": "text",
    "parts": "smallint", "encoding": "text", "forcing": "text", "kind": "text", "reason": "jsonb",
}  # fmt: skip
OPTED_OUT = _("This number is on the do-not-send list.")
DUPLICATE = _("The same number as in line %(line)s.")


def plan_step(campaign: Campaign) -> timedelta | None:
    """Plan all of a campaign that is being checked, in the caller's transaction; then a person looks at it."""
    rules = rules_of(campaign.tenant_id)
    forget_plan(campaign)
    _load(_lines(campaign, rules))
    _leave_out(campaign)
    calls = _make_messages(campaign, rules)
    _keep_left_out(campaign)
    _tell(campaign, calls)
    _execute("drop table sms_lines")
    return None


def forget_plan(campaign: Campaign) -> None:
    """Take away what was planned. Nothing of it may have been released."""
    for model in (Message, Batch, RejectedLine):
        model.objects.filter(campaign=campaign)._raw_delete("default")
    campaign.plan, campaign.planned_at, campaign.recipients, campaign.parts, campaign.eur = {}, None, 0, 0, None


def _lines(campaign: Campaign, rules: SmsRules) -> Iterator[PlannedLine]:
    account = SmsAccount.objects.get(connection=campaign.connection_id)
    return Writer(campaign, longest=account.longest_text, countries=rules.countries).lines()


def _load(lines: Iterator[PlannedLine]) -> None:
    """COPY a piece at a time: between pieces the list itself may be read over the same connection."""
    definition = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    with database.cursor() as cursor:
        cursor.execute(f"create temporary table sms_lines ({definition}) on commit drop")
        for some in _pieces(lines):
            with cursor.copy(f"copy sms_lines ({', '.join(COLUMNS)}) from stdin") as copy:
                for line in some:
                    copy.write_row(line)
        cursor.execute("analyze sms_lines")


def _leave_out(campaign: Campaign) -> None:
    """Numbers on the do-not-send list, and every number after its first."""
    _execute(
        "update sms_lines l set kind = %(kind)s, reason = %(reason)s from messaging_optout o"
        " where l.kind = '' and o.tenant_id = %(tenant)s and o.number = l.number and o.lifted_at is null",
        kind=RejectedLine.Kind.OPTED_OUT,
        reason=json.dumps({"text": OPTED_OUT}),
        tenant=campaign.tenant_id,
    )
    _execute(
        "update sms_lines l set kind = %(kind)s,"
        " reason = jsonb_build_object('text', %(text)s::text, 'values', jsonb_build_object('line', f.first))"
        " from (select seq, first_value(line) over same as first, row_number() over same as nth from sms_lines"
        "       where kind = '' window same as (partition by number order by seq)) f"
        " where f.seq = l.seq and f.nth > 1",
        kind=RejectedLine.Kind.DUPLICATE,
        text=DUPLICATE,
    )


def _make_messages(campaign: Campaign, rules: SmsRules) -> int:
    """Returns the number of batches, which is that of calls."""
    (recipients,) = _execute("select count(*) from sms_lines where kind = ''")[0]
    canary = min(rules.canary_size, MOST_IN_A_CALL) if recipients > rules.canary_above else 0
    rest = -(-(recipients - canary) // MOST_IN_A_CALL)
    Batch.objects.bulk_create(
        Batch(tenant_id=campaign.tenant_id, campaign=campaign, number=number, canary=bool(canary) and number == 1)
        for number in range(1, rest + bool(canary) + 1)
    )
    _execute(
        "insert into messaging_message"
        " (tenant_id, campaign_id, batch_id, number, country, text, parts, line, state, state_at, code)"
        " select b.tenant_id, b.campaign_id, b.id, l.number, l.country, l.text, l.parts, l.line, %(state)s, now(), ''"
        " from (select *, row_number() over (order by seq) as place from sms_lines where kind = '') l"
        " join messaging_batch b on b.tenant_id = %(tenant)s and b.campaign_id = %(campaign)s and b.number ="
        "   case when l.place <= %(canary)s then 1"
        "   else (l.place - %(canary)s + %(size)s - 1) / %(size)s + %(before)s end"
        " order by l.seq",
        state=Message._meta.get_field("state").default,
        tenant=campaign.tenant_id,
        campaign=campaign.pk,
        canary=canary,
        before=int(bool(canary)),
        size=MOST_IN_A_CALL,
    )
    return rest + bool(canary)


def _keep_left_out(campaign: Campaign) -> None:
    _execute(
        "insert into messaging_rejectedline (tenant_id, campaign_id, line, value, kind, reason)"
        " select %(tenant)s, %(campaign)s, line, value, kind, reason from sms_lines where kind <> '' order by seq",
        tenant=campaign.tenant_id,
        campaign=campaign.pk,
    )


# --- What the pre-flight tells ------------------------------------------------------------------------------------------


def _tell(campaign: Campaign, calls: int) -> None:
    counted = _execute(
        "select country, encoding, parts, count(*) from sms_lines where kind = '' group by 1, 2, 3 order by 1, 2, 3"
    )
    left_out = dict(_execute("select kind, count(*) from sms_lines where kind <> '' group by 1"))
    countries = _by_country(counted)
    campaign.recipients = sum(n for *_rest, n in counted)
    campaign.parts = sum(parts * n for *_rest, parts, n in counted)
    campaign.eur = _price(campaign, countries)
    campaign.plan = {
        "calls": calls,
        "lines": campaign.recipients + sum(left_out.values()),
        "left_out": left_out,
        "countries": countries,
        "encodings": _summed((encoding, n) for _country, encoding, _parts, n in counted),
        "parts": _summed((str(parts), n) for *_rest, parts, n in counted),
        "forcing": _forcing(),
    }
    campaign.planned_at, campaign.state = timezone.now(), Campaign.State.READY
    campaign.save(update_fields=["plan", "planned_at", "recipients", "parts", "eur", "state"])


def _by_country(counted: list[Any]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for country, _encoding, parts, n in counted:
        row = found.setdefault(country, {"recipients": 0, "parts": 0})
        row["recipients"] += n
        row["parts"] += parts * n
    return found


def _summed(pairs: Iterator[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, n in pairs:
        found[name] = found.get(name, 0) + n
    return found


def _forcing() -> list[list[Any]]:
    """[character, in how many messages], the most frequent first."""
    rows = _execute(
        "select each, count(*) from sms_lines, unnest(string_to_array(forcing, null)) each where kind = ''"
        " group by 1 order by 2 desc, 1 limit %(most)s",
        most=FORCING_SHOWN,
    )
    return [list(row) for row in rows]


def _price(campaign: Campaign, countries: dict[str, dict[str, Any]]) -> Decimal | None:
    """What all parts cost; None while the price of one country is not agreed. Destinations are made where there are none."""
    wanted = [
        Destination(tenant_id=campaign.tenant_id, connection_id=campaign.connection_id, country=country)
        for country in countries
    ]
    Destination.objects.bulk_create(wanted, ignore_conflicts=True)
    known = Destination.objects.filter(connection=campaign.connection_id, country__in=countries)
    prices = dict(known.values_list("country", "unit_price"))
    total: Decimal | None = Decimal()
    for country, row in countries.items():
        price = prices[country]
        row["price"] = None if price is None else str(price)
        total = None if price is None or total is None else total + price * row["parts"]
    return None if total is None else total.quantize(CENT, ROUND_HALF_UP)


def _pieces(lines: Iterator[PlannedLine]) -> Iterator[list[PlannedLine]]:
    while some := list(islice(lines, LINES_AT_ONCE)):
        yield some


def _execute(sql: str, **values: Any) -> list[Any]:
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []
