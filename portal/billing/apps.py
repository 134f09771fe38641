from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

ACTS = {
    "billing.terms_agreed": _("Price and terms agreed"),
    "billing.terms_ended": _("Price and terms ended"),
    "billing.month_closed": _("Month closed"),
    "billing.vat_agreed": _("VAT agreed"),
    "billing.contact_added": _("Address for statements added"),
    "billing.contact_changed": _("Address for statements changed"),
    "billing.contact_asked_again": _("Link to confirm an address sent again"),
    "billing.contact_confirmed": _("Address for statements confirmed"),
    "billing.contact_withdrawn": _("Address for statements withdrawn by its reader"),
    "billing.contact_removed": _("Address for statements removed"),
    "billing.statement_mail_asked": _("Asked to mail a statement"),
    "billing.statement_mailed": _("Statement mailed"),
    "staff.run_mail_chosen": _("Mails about month-end runs chosen"),
    "staff.month_end_started": _("Month's end begun"),
    "staff.cost_price_set": _("Cost price set"),
    "staff.vendor_invoice_entered": _("Vendor's invoice entered"),
    "staff.vendor_invoice_checked": _("Vendor's invoice checked again"),
    "staff.vendor_invoice_withdrawn": _("Vendor's invoice withdrawn"),
    "staff.vendor_line_disputed": _("Line of a vendor's invoice disputed"),
    "staff.vendor_line_settled": _("Line of a vendor's invoice settled"),
    "staff.dispute_file_downloaded": _("Dispute file downloaded"),
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
