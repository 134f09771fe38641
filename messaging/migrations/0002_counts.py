"""The wall around messaging's tables, and the counts of a batch's messages, kept by PostgreSQL in the statement that changes them."""

from django.db import migrations

from portal.tenancy.wall import BuildWall

STATES = [
    "planned", "waiting", "handed_over", "accepted", "delivered", "failed", "rejected", "expired", "unknown", "refused",
    "skipped", "cancelled",
]  # fmt: skip
SUMS = ", ".join(f"sum(n) filter (where state = '{state}') as {state}" for state in STATES)
SET = ", ".join(f"{state} = b.{state} + coalesce(moved.{state}, 0)" for state in STATES)
COUNT = f"""
create function messaging_{{name}}() returns trigger language plpgsql as $$ begin
  update messaging_batch b set {SET}
  from (select batch_id, {SUMS} from ({{rows}}) r group by batch_id) moved where b.id = moved.batch_id;
  return null;
end $$;
"""  # noqa: S608 - names of this file
CAME, WENT = "select batch_id, state, 1 as n from came", "select batch_id, state, -1 as n from went"
COUNTING = "".join(
    COUNT.format(name=name, rows=rows)
    for name, rows in (
        ("messages_came", CAME),
        ("messages_moved", f"{CAME} union all {WENT}"),
        ("messages_went", WENT),
    )
) + """
create trigger counted_in after insert on messaging_message
  referencing new table as came for each statement execute function messaging_messages_came();
create trigger counted_on after update on messaging_message
  referencing old table as went new table as came for each statement execute function messaging_messages_moved();
create trigger counted_out after delete on messaging_message
  referencing old table as went for each statement execute function messaging_messages_went();
"""
NOT_COUNTING = """
drop trigger counted_in on messaging_message;
drop trigger counted_on on messaging_message;
drop trigger counted_out on messaging_message;
drop function messaging_messages_came, messaging_messages_moved, messaging_messages_went;
"""


class Migration(migrations.Migration):

    dependencies = [("messaging", "0001_initial")]

    operations = [
        BuildWall(
            "SmsAccount", "SmsRules", "Sender", "Destination", "DaySum", "Campaign", "Batch", "Message", "Sending",
            "RejectedLine", "AudienceFile", "Group", "Contact", "GroupMember", "OptOut", "Template", "SigningKey", "Report",
            "UnverifiedReport", "VirtualNumber", "InboundMessage", "Forward",
        ),  # fmt: skip
        BuildWall("PartsSent", append_only=True),
        migrations.RunSQL(COUNTING, NOT_COUNTING),
    ]
