"""Check closed statements."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.billing.verification import verify
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope


class Command(BaseCommand):
    help = """Check that no closed statement was altered or taken out.

Makes each digest again from the stored text and from the rows, compares both with what was stored and with the audit trail,
and looks for gaps in the numbers. Names the first wrong statement of each company, and ends with 1 if there is any. May run
while the portal does. Run verify_audit as well: the trail is what proves that a statement at the end is missing."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="only this company's statements")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = _tenant(options["tenant"]) if options["tenant"] else None
        checked, flawed = 0, 0
        for report in verify(tenant):
            checked += report.checked
            if report.flaw:
                flawed += 1
                self.stdout.write(str(report.flaw))
        self.stdout.write(f"{checked} statements in order")
        if flawed:
            raise CommandError(f"statements were tampered with: {flawed} companies", returncode=1)


def _tenant(slug: str) -> Tenant:
    with staff_scope():
        tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"there is no company “{slug}”; nothing was checked")
    return tenant
