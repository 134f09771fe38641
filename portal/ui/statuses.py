"""One word, one colour and one icon for each state of anything, so that a badge looks alike on every page."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

TONES = ("neutral", "info", "success", "warning", "danger")


@dataclass(frozen=True)
class Look:
    tone: str
    icon: str
    label: str | Promise


LOOKS = {
    # operations
    "waiting": Look("neutral", "clock", _("Waiting")),
    "sending": Look("info", "send", _("Sending")),
    "done": Look("success", "check", _("Done")),
    "refused": Look("danger", "circle-x", _("Refused")),
    "unknown": Look("warning", "help-circle", _("Outcome unknown")),
    "needs_person": Look("danger", "user", _("Needs a person")),
    "cancelled": Look("neutral", "ban", _("Cancelled")),
    # orders and subscribers
    "requested": Look("info", "clock", _("Requested")),
    "pending": Look("info", "hourglass", _("Pending")),
    "fulfilled": Look("success", "check", _("Fulfilled")),
    "rejected": Look("danger", "circle-x", _("Rejected")),
    "not_placed": Look("danger", "circle-x", _("Not placed")),
    "not_created": Look("danger", "circle-x", _("Not created")),
    "credentials_lost": Look("warning", "key", _("Credentials lost")),
    "creating": Look("info", "hourglass", _("Being created")),
    "deleting": Look("info", "hourglass", _("Being deleted")),
    "deleted": Look("neutral", "trash", _("Deleted")),
    "temporary": Look("neutral", "clock", _("Temporary")),
    "persistent": Look("neutral", "user", _("Persistent")),
    # tenants, members, connections
    "active": Look("success", "check", _("Active")),
    "suspended": Look("warning", "player-pause", _("Suspended")),
    "invited": Look("info", "mail", _("Invited")),
    "accepted": Look("success", "check", _("Accepted")),
    "expired": Look("neutral", "clock", _("Expired")),
    "revoked": Look("neutral", "ban", _("Revoked")),
    "production": Look("neutral", "bolt", _("Production")),
    "test": Look("info", "adjustments", _("Test")),
    "healthy": Look("success", "check", _("Healthy")),
    "limited": Look("warning", "hourglass", _("Quota reached")),
    "failing": Look("danger", "plug-connected-x", _("Failing")),
    "untested": Look("neutral", "help-circle", _("Not tested")),
    "disabled": Look("neutral", "player-pause", _("Disabled")),
    # names that recipients of messages see
    "sender_asked": Look("info", "hourglass", _("Asked for")),
    "sender_allowed": Look("success", "check", _("Allowed")),
    "sender_refused": Look("danger", "circle-x", _("Refused")),
    "sender_withdrawn": Look("neutral", "ban", _("Given up")),
    # permissions of live calls
    "grant_active": Look("success", "check", _("Active")),
    "grant_lost": Look("danger", "plug-connected-x", _("Connect again")),
    "grant_ended": Look("neutral", "ban", _("Ended")),
    # bulk work and its rows
    "batch_details": Look("neutral", "pencil", _("Details to fill in")),
    "batch_checking": Look("info", "hourglass", _("Being checked")),
    "batch_ready": Look("info", "player-play", _("Ready to start")),
    "batch_running": Look("info", "send", _("Running")),
    "batch_waiting": Look("warning", "clock", _("Waiting")),
    "batch_done": Look("success", "check", _("Done")),
    "batch_undoing": Look("warning", "hourglass", _("Being taken back")),
    "batch_undone": Look("neutral", "ban", _("Taken back")),
    "batch_discarded": Look("neutral", "trash", _("Discarded")),
    "row_unchecked": Look("neutral", "clock", _("Not checked yet")),
    "row_good": Look("success", "check", _("Good")),
    "row_bad": Look("danger", "circle-x", _("Not possible")),
    "row_promised": Look("success", "check", _("Done")),
    "row_refused": Look("danger", "circle-x", _("Refused")),
    "row_undone": Look("neutral", "ban", _("Taken back")),
    # removals of spare products
    "sizing_planned": Look("info", "clock", _("Planned")),
    "sizing_placed": Look("info", "send", _("Ordered")),
    "sizing_saving": Look("success", "report-money", _("Saving")),
    "sizing_done": Look("success", "check", _("Done")),
    "sizing_nothing": Look("neutral", "minus", _("Nothing removed")),
    "sizing_failed": Look("warning", "circle-x", _("Not carried out")),
    "sizing_cancelled": Look("neutral", "ban", _("Cancelled")),
    # what a company's other systems are told, and visitors who asked to be called
    "delivery_waiting": Look("info", "hourglass", _("Waiting")),
    "delivery_done": Look("success", "check", _("Taken")),
    "delivery_given_up": Look("danger", "circle-x", _("Given up")),
    "callback_asked": Look("info", "hourglass", _("Being called")),
    "callback_called": Look("success", "check", _("Called")),
    "callback_failed": Look("danger", "circle-x", _("Not called")),
    "callback_unknown": Look("warning", "help-circle", _("Outcome unknown")),
    "callback_stopped": Look("danger", "ban", _("Stopped here")),
    # call scripts
    "script_draft": Look("neutral", "pencil", _("Not published")),
    "script_published": Look("success", "check", _("Published")),
    "script_changed": Look("info", "pencil", _("Newer version not published")),
    # telephones, and the links to their setup sheets
    "registered": Look("success", "check", _("Signed in")),
    "unregistered": Look("neutral", "minus", _("Not signed in")),
    "link_unopened": Look("info", "mail", _("Not opened yet")),
    "link_opened": Look("success", "check", _("Opened")),
    # campaigns, their batches and messages
    "campaign_draft": Look("neutral", "pencil", _("Draft")),
    "campaign_checking": Look("info", "hourglass", _("Being checked")),
    "campaign_ready": Look("info", "player-play", _("Ready")),
    "campaign_awaiting": Look("warning", "users", _("Waits for a second person")),
    "campaign_scheduled": Look("info", "calendar", _("Scheduled")),
    "campaign_sending": Look("info", "send", _("Sending")),
    "campaign_paused": Look("warning", "player-pause", _("Paused")),
    "campaign_stopped": Look("danger", "alert-triangle", _("Stopped by itself")),
    "campaign_done": Look("success", "check", _("Sent")),
    "campaign_cancelled": Look("neutral", "ban", _("Cancelled")),
    "sms_batch_planned": Look("neutral", "clock", _("Planned")),
    "sms_batch_asked": Look("info", "send", _("Being sent")),
    "sms_batch_done": Look("success", "check", _("Taken by the vendor")),
    "sms_batch_unknown": Look("warning", "help-circle", _("Outcome unknown")),
    "sms_batch_refused": Look("danger", "circle-x", _("Refused")),
    "sms_batch_cancelled": Look("neutral", "ban", _("Cancelled")),
    "sms_planned": Look("neutral", "clock", _("Planned")),
    "sms_waiting": Look("neutral", "clock", _("Waiting")),
    "sms_handed_over": Look("info", "send", _("Handed over")),
    "sms_accepted": Look("info", "hourglass", _("Accepted")),
    "sms_delivered": Look("success", "check", _("Delivered")),
    "sms_failed": Look("danger", "circle-x", _("Failed")),
    "sms_rejected": Look("danger", "circle-x", _("Rejected")),
    "sms_expired": Look("danger", "clock", _("Expired")),
    "sms_unknown": Look("warning", "help-circle", _("Unknown")),
    "sms_refused": Look("danger", "circle-x", _("Refused by the vendor")),
    "sms_skipped": Look("neutral", "minus", _("Left out")),
    "sms_cancelled": Look("neutral", "ban", _("Cancelled")),
    # signing keys, and what is passed on
    "key_staged": Look("info", "key", _("Not in use yet")),
    "key_active": Look("success", "check", _("In use")),
    "key_retiring": Look("warning", "hourglass", _("Being replaced")),
    "key_retired": Look("neutral", "ban", _("Out of use")),
    "forward_waiting": Look("info", "clock", _("Being passed on")),
    "forward_done": Look("success", "check", _("Passed on")),
    "forward_given_up": Look("danger", "circle-x", _("Not passed on")),
    # live calls
    "created": Look("info", "phone", _("Begun")),
    "ringing": Look("info", "bell", _("Ringing")),
    "talking": Look("success", "phone", _("Talking")),
    "on_hold": Look("warning", "player-pause", _("On hold")),
    "ended": Look("neutral", "minus", _("Ended")),
    "unsure": Look("warning", "help-circle", _("Unsure")),
    "free": Look("neutral", "check", pgettext_lazy("telephone", "Free")),
    "applied": Look("success", "check", _("Followed")),
    "unknown_type": Look("neutral", "help-circle", _("Of a type that is not known")),
    "no_leg": Look("neutral", "minus", _("Of no call that is known")),
    "not_understood": Look("warning", "alert-triangle", _("Not understood")),
    "event_waiting": Look("neutral", "clock", _("Not read yet")),
    # exports
    "queued": Look("neutral", "clock", _("Waiting")),
    "writing": Look("info", "hourglass", _("Being written")),
    "ready": Look("success", "check", _("Ready")),
    "failed": Look("danger", "circle-x", _("Failed")),
    # drift and mirrors
    "open": Look("warning", "alert-triangle", _("Open")),
    "adopted": Look("neutral", "check", _("Adopted")),
    "repaired": Look("success", "check", _("Repaired")),
    "gone": Look("neutral", "check", _("Went away")),
    "stale": Look("warning", "clock", _("Stale")),
    "fresh": Look("success", "check", _("Up to date")),
}
TONE_LOOKS = {tone: Look(tone, "", "") for tone in TONES}


def look_of(status: str) -> Look:
    """How `status` is shown: a known state, a bare tone, or itself in grey."""
    key = str(status).lower().replace(" ", "_").replace("-", "_")
    return LOOKS.get(key) or TONE_LOOKS.get(key) or Look("neutral", "", str(status).replace("_", " ").capitalize())
