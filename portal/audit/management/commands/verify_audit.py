"""Check the chains of the audit trail."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.verification import Anchor, Report, verify
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope

HEAD = "head "


class Command(BaseCommand):
    help = """Check that no entry of the audit trail was altered, taken out, put in by hand or moved.

Names the first such row of each chain and of each sort, and ends with 1 if there is any. Prints each chain's head: keep the
output outside the database's reach and give it to a later run by --anchors, which then also finds a chain whose end was cut
off, or that was replaced as a whole. May run while the portal does."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="only the chain of this company")
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="'CHAIN NUMBER DIGEST'",
            help="a head that an earlier run printed; may be given again and again",
        )
        parser.add_argument(
            "--anchors", type=Path, metavar="FILE", help="the output of an earlier run, or lines of several"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = _tenant(options["tenant"]) if options["tenant"] else None
        began, checked, flawed = time.monotonic(), 0, 0
        for report in verify(tenant, list(_anchors(options))):
            checked += report.checked
            flawed += bool(report.findings)
            self._tell(report)
        seconds = time.monotonic() - began
        self.stdout.write(f"{checked} entries checked in {seconds:.1f} s, {checked / max(seconds, 1e-6):.0f} a second")
        if flawed:
            raise CommandError(
                f"the audit trail was tampered with, or its keys are missing: {flawed} chains", returncode=1
            )

    def _tell(self, report: Report) -> None:
        name = report.chain.name
        for flaw, finding in report.findings.items():
            more = report.counts[flaw] - 1
            self.stdout.write(f"{name}: {finding.text}{f' (and {more} more like it)' if more else ''}")
        if report.waiting:
            self.stdout.write(f"{name}: {report.waiting} entries wait to be chained and are not checked yet")
        if report.head:
            self.stdout.write(f"{HEAD}{report.head}")


def _tenant(slug: str) -> Tenant:
    with staff_scope():
        tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"there is no company “{slug}”; nothing was checked")
    return tenant


def _anchors(options: dict[str, Any]) -> Iterator[Anchor]:
    """What is no head in a file is passed over: the rest of an output is for people."""
    for text in [*options["anchor"], *_heads_in(options["anchors"])]:
        try:
            yield Anchor.parse(text.removeprefix(HEAD))
        except ValueError:
            raise CommandError(f"“{text}” is no head as verify_audit prints it; nothing was checked") from None


def _heads_in(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        lines = file.read_text().splitlines()
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}); nothing was checked") from None
    return [line for line in lines if line.startswith(HEAD)]
