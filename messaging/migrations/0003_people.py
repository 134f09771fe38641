"""What the lists of people are sorted and searched by."""

from django.db import migrations, models

from portal.search.searchable import Searchable


def index(model: str, name: str, *fields: str) -> migrations.AddIndex:
    return migrations.AddIndex(model, models.Index(fields=["tenant", *fields], name=name))


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_counts"), ("search", "0002_wall")]

    operations = [
        index("contact", "sms_contact_by_number", "number", "id"),
        index("contact", "sms_contact_by_age", "-created_at", "-id"),
        index("optout", "sms_opt_out_by_number", "number", "id"),
        index("template", "sms_template_by_name", "name", "id"),
        index("template", "sms_template_by_age", "-changed_at", "-id"),
        Searchable("Contact", kind="messaging.contact", texts=["name"], codes=["number"]),
        Searchable("OptOut", kind="messaging.opt_out", texts=["note"], codes=["number"]),
        Searchable("Template", kind="messaging.template", texts=["name"]),
    ]
