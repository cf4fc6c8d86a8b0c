"""A MariaDB of its own for tests: in a temporary folder, on loopback."""

import atexit
import datetime as dt
import functools
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymysql

from harit_desktop.storage.mysql.connection import ServerAddress
from tests.servers import free_port, wait_until

DATABASE = "soil_health_db"
USER = "harit"
PASSWORD = "pröbe-Pass'wört%"

_SMALL = (
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--performance-schema=OFF",
    "--skip-name-resolve",
    "--skip-log-bin",
)


class MariaDbServer:
    """A `mariadbd` child process that a test may stop, kill, freeze and restart.

    The port stays the same over restarts and so does the data; everything is in `folder`,
    which is removed at the end. The database `DATABASE` exists and is empty; the account
    `USER`/`PASSWORD` may do everything in it, and nothing else. `tls` makes a certificate
    authority (`ca_file`) and a certificate for 127.0.0.1 that expects no other name.
    `options` are further options of the server's command line.

    At most about 0.6 s for a first start, 0.3 s for the following ones.
    """

    def __init__(
        self, options: Sequence[str] = (), *, tls: bool = False, port: int | None = None
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="mariadb-"))
        self.process: subprocess.Popen[bytes] | None = None
        self._options = list(options)
        self._tls = tls
        if tls:
            _make_certificates(self.folder)
        shutil.copytree(_template(), self.folder / "data")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def address(self) -> ServerAddress:
        """Where the product connects to, as the test account."""
        ca_file = str(self.ca_file) if self._tls else ""
        return ServerAddress(self.host, self.port, DATABASE, USER, PASSWORD, self._tls, ca_file)

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    @property
    def log(self) -> str:
        return (self.folder / "mariadb.log").read_text(errors="replace")

    def start(self) -> None:
        """Starts the process and waits until it answers a query."""
        with (self.folder / "mariadb.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            wait_until(self._answers, 30.0, "mariadbd answers")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.log}") from error

    def use(self, options: Sequence[str]) -> None:
        """Replaces the further options from the next start on."""
        self._options = list(options)

    def stop(self) -> None:
        """A clean stop (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, new ones are accepted, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def query(self, sql: str, *, database: str | None = DATABASE) -> list[tuple[Any, ...]]:
        """The rows of one statement, run and committed as the server's administrator.

        It goes through the socket file, so it works with networking shut and, once, when
        all other connections are taken.
        """
        with self.connect_as_root(database) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def scalar(self, sql: str, *, database: str | None = DATABASE) -> Any:
        """The first value of the first row."""
        return self.query(sql, database=database)[0][0]

    def connect_as_root(self, database: str | None = DATABASE) -> "pymysql.Connection[Any]":
        """An administrator's connection of its own, in autocommit mode."""
        return pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,
            read_timeout=30,
            ssl_disabled=True,
        )

    def kill_connections(self) -> int:
        """KILLs every connection of the test account; how many there were."""
        found = self.query(
            f"SELECT id FROM information_schema.processlist WHERE user = '{USER}'", database=None
        )
        for (number,) in found:
            try:
                self.query(f"KILL {number}", database=None)
            except pymysql.err.OperationalError as error:
                # It ended by itself in the meantime.
                if error.args[0] != 1094:
                    raise
        return len(found)

    def drop_database(self) -> None:
        """An empty database again; quicker than another server."""
        self.query(f"DROP DATABASE IF EXISTS {DATABASE}", database=None)
        self.query(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4", database=None)

    def _command(self) -> list[str]:
        command = [
            _program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            f"--port={self.port}",
            "--skip-networking=0",
            f"--bind-address={self.host}",
            *_as_root(),
            *_SMALL,
            "--innodb-fast-shutdown=2",
        ]
        if self._tls:
            command += [
                f"--ssl-ca={self.ca_file}",
                f"--ssl-cert={self.folder / 'server.pem'}",
                f"--ssl-key={self.folder / 'server.key'}",
            ]
        return [*command, *self._options]

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError("mariadbd ended at its start")
        # Asked first without the driver, which leaves a refused socket open.
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        try:
            self.query("SELECT 1", database=None)
        except pymysql.err.Error:
            return False
        return True

    def _signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        if number == signal.SIGTERM:
            # A frozen process takes the signal only when it runs again.
            process.send_signal(signal.SIGCONT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        # A socket file left by a killed server would look like a ready one.
        self.socket.unlink(missing_ok=True)


@functools.cache
def _template() -> Path:
    """A data folder with the accounts and the empty database, made once and then copied."""
    folder = Path(tempfile.mkdtemp(prefix="mariadb-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    data = folder / "data"
    accounts = folder / "accounts.sql"
    quoted = PASSWORD.replace("'", "''")
    accounts.write_text(
        "FLUSH PRIVILEGES;\n"
        f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;\n"
        f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{quoted}';\n"
        f"GRANT ALL ON {DATABASE}.* TO '{USER}'@'%';\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            _program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-flush-log-at-trx-commit=0",
            "--character-set-server=utf8mb4",
            f"--extra-file={accounts}",
            *_as_root(),
            *_SMALL,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"mariadb-install-db failed:\n{done.stdout}\n{done.stderr}")
    return data


def _as_root() -> list[str]:
    # As root it would become another user, who cannot read the folder.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--user=root"] if is_root else []


def _program(name: str) -> str:
    # Debian keeps the server where only the administrator's PATH looks.
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        raise AssertionError("the tests need a MariaDB server: install the package mariadb-server")
    return found


def _make_certificates(folder: Path) -> None:
    """`ca.pem`, `server.pem` and `server.key` in the folder."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    start = dt.datetime.fromtimestamp(time.time() - 3600, dt.UTC)
    end = start + dt.timedelta(days=2)

    def builder(name: str, key: Any, issuer: str) -> Any:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca = (
        builder("test authority", ca_key, "test authority")
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = (
        builder("test server", key, "test authority")
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
