"""A MariaDB of its own for tests: in a temporary folder, on loopback."""

import atexit
import datetime as dt
import functools
import ipaddress
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymysql

from harit_desktop.storage.mysql.address import ServerAddress
from tests.servers import ServerProcess, runs_as_root, server_program

DATABASE = "soil_health_db"
USER = "harit"
PASSWORD = "pröbe-Pass'wört%"
_PACKAGE = "mariadb-server"

OLD_READINGS = """
CREATE TABLE sensor_readings (
    id INT AUTO_INCREMENT PRIMARY KEY, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
    N FLOAT, P FLOAT, K FLOAT, CO2 FLOAT, temperature FLOAT, moisture FLOAT, pH FLOAT,
    health_index INT, health_status VARCHAR(20), is_anomalous BOOLEAN, anomaly_score FLOAT,
    critical_factors JSON, INDEX idx_timestamp (timestamp)
)
"""
OLD_HISTORY = """
CREATE TABLE analysis_history (
    id INT AUTO_INCREMENT PRIMARY KEY, sensor_id INT,
    analyzed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, analysis_result JSON,
    FOREIGN KEY (sensor_id) REFERENCES sensor_readings (id)
)
"""
"""What the existing system makes in its database."""

_SMALL = (
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--performance-schema=OFF",
    "--skip-name-resolve",
    "--skip-log-bin",
)


class MariaDbServer(ServerProcess):
    """A `mariadbd`; its data stays over restarts.

    The database `DATABASE` exists and is empty; the account
    `USER`/`PASSWORD` may do everything in it, and nothing else. `tls` makes a certificate
    authority (`ca_file`) and a certificate for 127.0.0.1 that expects no other name.
    `options` are further options of the server's command line.

    At most about 0.6 s for a first start, 0.3 s for the following ones.
    """

    name = "mariadb"
    ready_within_s = 30.0

    def __init__(
        self, options: Sequence[str] = (), *, tls: bool = False, port: int | None = None
    ) -> None:
        super().__init__(port)
        self._options = list(options)
        self._tls = tls
        if tls:
            _make_certificates(self.folder)
        shutil.copytree(_template(), self.folder / "data")

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

    def use(self, options: Sequence[str]) -> None:
        """Replaces the further options from the next start on."""
        self._options = list(options)

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

    def _begin(self) -> list[str]:
        command = [
            server_program("mariadbd", _PACKAGE),
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

    def _end(self, number: int) -> None:
        super()._end(number)
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
            server_program("mariadb-install-db", _PACKAGE),
            "--no-defaults",
            f"--datadir={data}",
            f"--tmpdir={folder}",
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
    return ["--user=root"] if runs_as_root() else []


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
