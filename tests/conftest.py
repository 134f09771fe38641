"""What every test may ask for; see tests/fixtures/."""

pytest_plugins = [
    "tests.fixtures.cast",
    "tests.fixtures.database",
    "tests.fixtures.language",
    "tests.fixtures.tls",
    "tests.fixtures.vendor",
    "tests.fixtures.video",
    "tests.fixtures.processes",
    "tests.fixtures.browser",
]
