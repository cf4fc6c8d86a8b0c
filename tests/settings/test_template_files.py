"""Template files: whole or not at all, for their owner only, and never outside their folder."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.template_files import MAX_FILES, read_all, remove, slug_of, write

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permission bits of POSIX")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    assert read_all(folder).files == ()
    write(folder, "b", "two")
    write(folder, "a", "öne")
    write(folder, "b", "three")
    found = read_all(folder)
    assert found.files == (("a.toml", "öne"), ("b.toml", "three"))
    assert found.problems == ()
    assert sorted(path.name for path in folder.iterdir()) == ["a.toml", "b.toml"]
    remove(folder, "a.toml")
    remove(folder, "a.toml")
    assert [name for name, _ in read_all(folder).files] == ["b.toml"]


@POSIX
def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = write(tmp_path / "templates", "a", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text("x = 1")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "huge.toml").write_bytes(b"#" * 400_001)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "notes.txt").write_text("no template")
    (tmp_path / ".harit-0.part").write_text("no template")
    found = read_all(tmp_path)
    assert found.files == (("good.toml", "x = 1"),)
    assert {problem.code for problem in found.problems} == {"template.unreadable"}
    named = [problem.params["file"] for problem in found.problems]
    assert named == ["binary.toml", "folder.toml", "huge.toml"]


@POSIX
def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "link.toml").symlink_to(secret)
    assert read_all(folder).files == ()
    with pytest.raises(KnownError, match=r"template\.not_saved"):
        write(folder, "link", "new")
    remove(folder, "link.toml")
    assert secret.read_text() == "secret"


@pytest.mark.parametrize(
    "name", ["../a.toml", "a/b.toml", "..\\a.toml", "C:a.toml", ".toml", "a.txt", "", "a\0.toml"]
)
def test_nothing_outside_the_folder_is_removed(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a template"):
        remove(tmp_path, name)


@pytest.mark.parametrize("slug", ["", "..", "a/b", "A", "a.b", "-a", "a" * 80, "a\n"])
def test_only_slugs_are_written(tmp_path: Path, slug: str) -> None:
    with pytest.raises(ValueError, match="not a slug"):
        write(tmp_path, slug, "text")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Farm NPK (north)", "farm-npk-north"),
        ("  a..b  ", "a-b"),
        ("../../etc/passwd", "etc-passwd"),
        ("Füllstand", "fullstand"),
    ],
)
def test_the_name_makes_the_file_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_names_of_other_scripts_and_long_ones_get_names_of_their_own(tmp_path: Path) -> None:
    names = ["मिट्टी", "माती", "x" * 64, "x" * 63 + "y", "CON", "!!", "??", "lpt1"]
    slugs = [slug_of(name) for name in names]
    assert len(set(slugs)) == len(names)
    for slug in slugs:
        write(tmp_path, slug, "text")
    assert len(read_all(tmp_path).files) == len(names)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "templates").write_text("a file")
    with pytest.raises(KnownError) as caught:
        write(tmp_path / "templates", "a", "text")
    assert caught.value.params["file"] == "a.toml"
    assert read_all(tmp_path / "templates").problems[0].code == "template.unreadable"


def test_a_flooded_folder_is_read_in_part_and_told(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 2):
        (tmp_path / f"{number:04}.toml").write_text("")
    found = read_all(tmp_path)
    assert len(found.files) == MAX_FILES
    assert len(found.problems) == 1
