from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.runtime.instance import InstanceLock

HOLDER = """
import sys, time
from pathlib import Path
from harit_desktop.runtime.instance import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
time.sleep(60)
"""


def test_the_lock_is_held_by_one_process_and_freed_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "True"
        assert not InstanceLock(path).acquire()
        holder.kill()
    lock = InstanceLock(path)
    assert lock.acquire()
    lock.release()


@pytest.mark.parametrize("content", [b"", b"garbage\x00\xff", b"99999999\nother\n"])
def test_what_is_in_the_file_does_not_matter(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock"
    path.write_bytes(content)
    lock = InstanceLock(path)
    assert lock.acquire()
    lock.release()


def test_an_unusable_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(KnownError) as raised:
        InstanceLock(file / "lock").acquire()
    assert raised.value.code == "data_dir.unusable"
    assert str(file) in str(raised.value.params["path"])
