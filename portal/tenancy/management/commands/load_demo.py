from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.local.demo import add_registered_parts
from portal.tenancy import demo


class Command(BaseCommand):
    help = "Load two companies with people in every role, for development machines; again is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--show", action="store_true", help="only print the sign-ins")

    def handle(self, *args: Any, show: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The demo's passwords are no secret: it is loaded only where DEBUG is set. Nothing was changed."
            )
        loaded = None if show else demo.load_companies_and_people()
        if loaded:
            add_registered_parts(loaded)
        self._print_sign_ins()
        for line in loaded.told if loaded else ():
            self.stdout.write(line)

    def _print_sign_ins(self) -> None:
        self.stdout.write(f"Sign in with the password {demo.PASSWORD} as one of")
        for email, place in demo.sign_ins():
            self.stdout.write(f"  {email:<24} {place}")
        self.stdout.write(
            f"Second factor of support: {demo.TOTP_SECRET}, as an address {demo.second_factor_of_support()}"
        )
        self.stdout.write(f"or one of the recovery codes {' '.join(demo.RECOVERY_CODES)}")
