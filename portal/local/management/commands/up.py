import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.local.environment import CHECKOUT


class Command(BaseCommand):
    help = "Start the whole portal on this machine, as `make run` does."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port")

    def handle(self, *args: Any, port: str | None, **options: Any) -> None:
        """Become the supervisor, which must not have read the settings before it made their database."""
        os.chdir(CHECKOUT)
        os.execv(sys.executable, [sys.executable, "-m", "portal.local", "up", *(["--port", port] if port else [])])
