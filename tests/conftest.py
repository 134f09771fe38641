"""What every test may ask for; see tests/fixtures/."""

import gc

# Made a million times and kept: tests, and the models of each migration. Looking for garbage at every 700 new objects
# took a third of the time that it takes to make the database.
gc.set_threshold(25_000, 10, 10)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


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
