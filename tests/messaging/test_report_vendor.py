"""The whole way with the simulated vendor: a message leaves, signed reports come back, and the message follows."""

from messaging.client import KpnSmsClient, Outgoing
from messaging.models import Message, Report
from messaging.reports import intake, key_reading
from messaging.reports.addresses import report_url
from portal.vendors.line import Line
from tests.messaging.mailroom import some_campaign
from tests.messaging.vendor_post import some_sending, work_off

ANNA = "+31612345671"


def test_the_vendors_own_reports_are_followed(mailroom, control, live_server, settings):
    """Its first attempt comes before the key that it made is known here; the second is believed."""
    settings.PORTAL_URL = live_server.url
    control.sms_settings(mailroom.client_id, mode="manual", duplicates=1)
    with mailroom.scope():
        sending = some_sending(some_campaign(mailroom.connection, [ANNA]))
    line = Line(mailroom.connection)
    KpnSmsClient(line.http).send([Outgoing("Hello", [ANNA])], sender="Acme", webhook_url=report_url(sending))

    refused = control.post_sms_reports(mailroom.client_id)
    assert {posting["answer"] for posting in refused} == {401}
    key_reading.read_keys(mailroom.tenant.pk, mailroom.connection.pk)
    intake.keyring.forget()
    told = control.sms_report(mailroom.client_id, ANNA, 4, "006")
    again = control.post_sms_reports(mailroom.client_id, [told["id"]])
    forged = control.post_sms_reports(mailroom.client_id, [told["id"]], signing="wrong")
    assert [told["answer"], again[0]["answer"], forged[0]["answer"]] == [200, 200, 401]

    work_off(mailroom.connection)
    with mailroom.scope():
        message = Message.objects.get()
        assert (message.state, message.code) == ("failed", "006")
        assert Report.objects.count() == 1
