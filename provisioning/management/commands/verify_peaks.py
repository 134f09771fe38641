"""Check the kept peaks of the months against the ledger."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.tenancy.scope import staff_scope
from provisioning.models import Product
from provisioning.rollup import rebuild, verify


class Command(BaseCommand):
    help = """Check that each month's opening, closing and peak, as PostgreSQL keeps them, are what the ledger comes to.

Names every difference, and ends with 1 if there is any. May run while the portal does: one product at a time is held still."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="make all of them anew from the ledger first")
        parser.add_argument("--tenant", metavar="SLUG", help="only the products of this company")

    def handle(self, *args: Any, **options: Any) -> None:
        began, product_ids, found = time.monotonic(), _products(options["tenant"]), 0
        if options["rebuild"]:
            rebuild(product_ids)
        for difference in verify(product_ids):
            found += 1
            self.stdout.write(str(difference))
        self.stdout.write(f"{len(product_ids)} products checked in {time.monotonic() - began:.1f} s")
        if found:
            raise CommandError(f"{found} months differ from the ledger; --rebuild makes them anew", returncode=1)


def _products(slug: str | None) -> list[int]:
    with staff_scope():
        products = Product.objects.filter(tenant__slug=slug) if slug else Product.objects.all()
        return list(products.order_by("pk").values_list("pk", flat=True))
