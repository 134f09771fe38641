from django.db import migrations

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):

    dependencies = [("realtime", "0001_initial")]

    operations = [
        BuildWall(
            "RealtimeAccount", "Consent", "Grant", "Extension", "CallerId", "Favourite", "Subscription", "Event", "Call",
            "Leg", "LegEvent", "CallAction", "CallbackForm", "CallbackRequest", "CardRules", "Card", "CardNumber", "Endpoint",
            "Delivery",
        ),  # fmt: skip
    ]
