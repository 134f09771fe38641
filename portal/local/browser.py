"""The one browser that tests drive: the system's Chromium."""

import shutil
from pathlib import Path

# No GPU, no first-run pages, no traffic of its own; without --no-sandbox it refuses to run as root.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> Path | None:
    """Chromium on PATH, or None."""
    found = shutil.which("chromium")
    return Path(found) if found else None
