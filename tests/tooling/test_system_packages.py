"""What is missing on a machine, and where it can be installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dev_tools import system_packages
from dev_tools.console import SetupError
from dev_tools.environment import Environment
from dev_tools.system_packages import Need

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
UBUNTU = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n'
MINT = 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n'
FEDORA = 'NAME="Fedora Linux"\nID=fedora\nSUPPORT="ask debian people"\n'

pytestmark = pytest.mark.skipif("sys.platform != 'linux'", reason="other systems need nothing")


@pytest.mark.parametrize(
    ("text", "expected"),
    [(DEBIAN, True), (UBUNTU, True), (MINT, True), (FEDORA, False), ("", False)],
)
def test_debian_is_told_from_others(text: str, expected: bool) -> None:
    assert system_packages.is_debian(text) is expected


def test_missing_finds_what_is_not_there() -> None:
    here = [Need("libc6", library="libc.so.6"), Need("sh", program="sh"), Need("x", module="os")]
    absent = [
        Need("liba", library="libharit-none.so.1"),
        Need("b", program="harit-none"),
        Need("c", module="harit_none"),
    ]
    assert system_packages.missing([*here, *absent]) == absent


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    """A Debian without administrator rights that lacks one program."""
    monkeypatch.delenv(system_packages.SKIP_VARIABLE, raising=False)
    monkeypatch.setattr(system_packages, "_read", lambda path: "" if "ok" in path else DEBIAN)
    monkeypatch.setattr(system_packages, "_administrator_prefix", lambda: None)
    needs = {system_packages.QT: (Need("libharit", program="harit-none"),)}
    monkeypatch.setattr(system_packages, "NEEDS", needs)
    return Environment(str(tmp_path / "venv"), str(tmp_path / "lock.txt"), with_project=False)


def test_without_rights_the_one_command_is_said(
    bare_machine: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    system_packages.install([system_packages.QT], bare_machine)
    said = capsys.readouterr()
    assert said.out == ""
    command = "sudo apt-get install -y --no-install-recommends libharit"
    advice = f"dev.py: some system packages are missing; run this once: {command}"
    assert said.err.splitlines() == [advice]


def test_without_venv_nothing_can_go_on(
    bare_machine: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_packages, "_has_module", lambda name: False)
    with pytest.raises(SetupError, match=r"sudo apt-get install .* libharit python3\.\d+-venv"):
        system_packages.install([system_packages.QT], bare_machine)


def test_the_look_can_be_skipped(
    bare_machine: Environment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(system_packages.SKIP_VARIABLE, "1")
    system_packages.install([system_packages.QT], bare_machine)
    assert capsys.readouterr().err == ""


def test_installation_goes_on_where_one_package_fails(
    bare_machine: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log, tools = tmp_path / "log", tmp_path / "bin"
    tools.mkdir()
    apt = tools / "apt-get"
    apt.write_text(
        f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> {log}\n'
        'case "$*" in *libbad*) exit 100 ;; *update) exit 1 ;; esac\n'
    )
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    system_packages._apt_install([], ["libbad", "libgood"])
    commands = log.read_text().splitlines()
    assert all(command.startswith("noninteractive ") for command in commands)
    assert [command.split("--no-install-recommends ")[-1] for command in commands[1:]] == [
        "libbad libgood",
        "libbad",
        "libgood",
    ]
