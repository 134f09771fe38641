"""What README and docs say is there: files, links, targets, variables; and what they tell to run, runs."""

import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest

from docs.configuration import BEGIN, END, README, with_table
from portal.local.embedded import Place, Postgres
from portal.local.environment import CHECKOUT, EXAMPLE, documented_variables
from portal.local.processes import spawn, stop, wait_until

PAGES = [README, CHECKOUT / "sandbox" / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
# Made while it runs, made by whoever deploys, or a name that stands for others.
NOT_IN_THE_CHECKOUT = re.compile(
    r"^(var/|mail/|log/|pg/|run/|valkey/|demo\.txt|/|\.env$|\.venv)|^portal\.example$|[<>*…{}$]"
)
FILE = re.compile(r"^\.?[\w.-]+(/[\w.-]+)*(/|\.(py|md|html|sh|txt|png|toml|example|css|js))$")


def sections(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def block(language: str, containing: str) -> str:
    """The README's one code block of a language that contains a text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if containing in text]
    return found


def prose(page: Path) -> str:
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@every_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in sections(file), target


def is_there(name: str, page: Path) -> bool:
    """From the checkout's root, beside the page, or (a bare name) in an app that has all rooms of a vendor's app."""
    return any((root / name).exists() for root in (CHECKOUT, page.parent, CHECKOUT / "telephony"))


# The page of the components names templates as Django does, not files by their paths.
@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "components.md"], ids=lambda page: page.name)
def test_files_that_are_named_are_there(page):
    names = {name for name in re.findall(r"`([^`\n]+)`", prose(page)) if FILE.match(name)}
    missing = {name for name in names if not NOT_IN_THE_CHECKOUT.search(name) and not is_there(name, page)}
    assert missing == set()


@every_page
def test_make_targets_that_are_named_are_there(page):
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)) <= targets


def test_every_make_target_is_in_the_readme():
    told = re.findall(r"^([a-z-]+):.*## ", (CHECKOUT / "Makefile").read_text(), flags=re.MULTILINE)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README.read_text(), flags=re.MULTILINE))
    assert "run" in told
    assert set(told) - named == set()


@cache
def all_sources() -> str:
    return EXAMPLE.read_text() + "".join(
        file.read_text()
        for top in ("portal", "provisioning", "telephony", "messaging", "realtime", "sandbox", "tests")
        for file in (CHECKOUT / top).rglob("*.py")
    )


@every_page
def test_variables_that_are_named_are_read_somewhere(page):
    named = re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b[^`\n]*`", page.read_text())
    assert {name for name in named if name not in all_sources()} == set()


@every_page
def test_nothing_is_told_of_a_single_machine_and_nothing_is_left_to_do(page):
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users|opt|mnt)/", page.read_text())
    assert not re.search(r"\b(TODO|FIXME|XXX|TBD)\b", page.read_text())


def test_the_table_of_variables_is_that_of_the_example():
    readme = README.read_text()
    assert readme == with_table(readme, EXAMPLE.read_text()), "run: python -m docs.configuration"
    table = readme.partition(BEGIN)[2].partition(END)[0]
    assert re.findall(r"^\| `([A-Z0-9_]+)`", table, flags=re.MULTILINE) == documented_variables()


def test_every_decision_is_in_the_index():
    folder = CHECKOUT / "docs" / "decisions"
    pages = sorted(page.name for page in folder.glob("0*.md"))
    assert re.findall(r"\]\((0[^)]+)\)", (folder / "README.md").read_text()) == pages
    for number, page in enumerate(pages, start=1):
        assert page.startswith(f"{number:04d}-")
        assert (folder / page).read_text().startswith(f"# {number:04d} ")


def test_with_the_production_environment_of_the_readme_the_deployment_check_is_clean(tmp_path):
    script = [
        block("sh", "install -d"),
        block("sh", "export SECRET_KEY"),
        '"$PYTHON" manage.py check --deploy --fail-level WARNING',
    ]
    run = subprocess.run(
        ["bash", "-euc", "\n".join(script).replace("/etc/patchbay", str(tmp_path / "patchbay"))],
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "no issues (0 silenced)" in run.stdout


@pytest.fixture
def bare_postgres():
    """A PostgreSQL with nothing in it but its administrator."""
    with tempfile.TemporaryDirectory(prefix="patchbay-docs-") as directory:
        Path(directory).chmod(0o755)
        place = Place(Path(directory))
        place.prepare()
        postgres = Postgres(place, throw_away=True)
        postgres.prepare()
        child = spawn(postgres.command())
        try:
            wait_until(postgres.answers, child, what="postgres", log=postgres.log, seconds=60)
            yield postgres
        finally:
            stop([(child, postgres.command().stop_signal)], grace=5)
            place.remove_sockets()


def test_with_the_roles_of_the_readme_the_wall_stands(bare_postgres):
    with bare_postgres.connect() as administrator:
        for statement in filter(str.strip, block("sql", "create role portal_app").split(";")):
            administrator.execute(statement)
    environment = {**os.environ, "DATABASE_URL": bare_postgres.url("portal_owner")}
    migrate = [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"]
    subprocess.run(migrate, env=environment, cwd=CHECKOUT, check=True)

    with bare_postgres.connect("portal", "portal_owner") as owner:
        owner.execute("set role portal_staff")
        owner.execute("insert into tenancy_tenant (name, slug, time_zone, language, state, require_mfa, created_at)"
                      " values ('Acme', 'acme', 'UTC', 'en', 'active', false, now())")  # fmt: skip
    with bare_postgres.connect("portal", "portal_app") as app:
        assert app.execute("select count(*) from tenancy_tenant").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("delete from audit_entry")
        app.execute("set role portal_staff")
        assert app.execute("select count(*) from tenancy_tenant").fetchone() == (1,)
    with bare_postgres.connect("portal", "portal_backup") as backup:
        assert backup.execute("select count(*) from tenancy_tenant").fetchone() == (1,)
