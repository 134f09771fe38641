"""The list of a company's closed statements."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.billing.forms import StatementFilter
from portal.billing.models import Statement, StatementLine
from portal.billing.papers.wording import vat_kind
from portal.lists.registry import Column, ListSpec
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role


def _statements(tenant: Tenant) -> QuerySet[Statement]:
    """Without the text that the digest is of, which is as long as the month was busy."""
    corrections = StatementLine.objects.filter(statement=OuterRef("pk"), kind=StatementLine.Kind.CORRECTION)
    return Statement.objects.filter(tenant=tenant).defer("canonical").annotate(corrects=Exists(corrections))


STATEMENTS = ListSpec(
    key="billing.statements",
    label=_("Statements"),
    url_name="billing:statements",
    role=Role.BILLING,
    columns=(
        Column("number", _("Number"), lambda statement: statement.number),
        Column("month", _("Month"), lambda statement: statement.month, order=("month", "pk")),
        Column("net", _("Without VAT (EUR)"), lambda statement: statement.net),
        Column("vat_rate", _("VAT (%)"), lambda statement: statement.vat_rate),
        Column("vat_kind", _("Kind of VAT"), lambda statement: vat_kind(statement)),
        Column("vat_number", _("VAT number"), lambda statement: statement.vat_number or None),
        Column("vat", _("VAT (EUR)"), lambda statement: statement.vat),
        Column("gross", _("Total (EUR)"), lambda statement: statement.gross, order=("gross", "pk")),
        Column("lines", _("Lines"), lambda statement: statement.line_count),
        Column("corrects", _("With corrections"), lambda statement: statement.corrects),
        Column("closed", _("Closed"), lambda statement: statement.closed_at),
        Column("by", _("Closed by"), lambda statement: statement.closed_by_name or None),
        Column("digest", _("SHA-256"), lambda statement: statement.digest),
    ),
    rows=_statements,
    form=lambda data, tenant: StatementFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("-month", "-pk"),
)
