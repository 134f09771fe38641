from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

ACTS = {
    "billing.terms_agreed": _("Price and terms agreed"),
    "billing.terms_ended": _("Price and terms ended"),
    "billing.month_closed": _("Month closed"),
    "staff.month_end_started": _("Month's end begun"),
    "staff.cost_price_set": _("Cost price set"),
}


class BillingConfig(AppConfig):
    name = "portal.billing"
    label = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from portal.audit import labels
        from portal.billing import notices, presence
        from portal.notices import registry as notice_kinds

        labels.register(ACTS)
        notice_kinds.register(*notices.KINDS)
        presence.register_pages()
