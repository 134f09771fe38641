"""One row of each kind that the messaging pages name, and the arguments of each of their addresses."""

from typing import Any

from messaging.models import Sender
from messaging.people.models import Contact, Group, GroupMember, OptOut, Template

OF_PEOPLE = ["contacts", "contact_new", "groups", "group_new", "opt_outs", "opt_out_new", "templates", "template_new"]
OF_RULES = ["senders", "sender_new", "rules", "rules_change"]


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    found |= {name: {} for name in (*OF_PEOPLE, *OF_RULES)}
    found |= people_of(tenant, owner)
    return {f"messaging:{name}": arguments for name, arguments in found.items()}


def people_of(tenant, owner) -> dict[str, dict[str, Any]]:
    """A contact in a group, a number on the do-not-send list, a template and a sender."""
    group = Group.objects.create(tenant=tenant, name="Customers")
    contact = Contact.objects.create(
        tenant=tenant, number="+31612345678", name="Anna de Vries", tags=["customer"], values={"city": "Utrecht"}
    )
    GroupMember.objects.create(tenant=tenant, group=group, contact=contact)
    opt_out = OptOut.objects.create(tenant=tenant, number="+31612345679", source="person", created_by=owner)
    template = Template.objects.create(tenant=tenant, name="Reminder", text="Hello {{ name }}", changed_by=owner)
    sender = Sender.objects.create(tenant=tenant, name="Acme", state="allowed", asked_by=owner)
    found: dict[str, dict[str, Any]] = {
        name: {"pk": contact.pk} for name in ("contact", "contact_edit", "contact_delete")
    }
    found |= {name: {"pk": group.pk} for name in ("group_rename", "group_delete")}
    found |= {name: {"pk": template.pk} for name in ("template_edit", "template_delete")}
    found["group_leave"] = {"pk": group.pk, "contact_pk": contact.pk}
    found["opt_out_lift"] = {"pk": opt_out.pk}
    found["sender_withdraw"] = {"pk": sender.pk}
    return found
