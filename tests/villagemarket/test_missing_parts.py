"""A part that is missing gives one clear line that says what to do, never a stack trace."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_python_that_is_too_old_is_named_with_what_to_do(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    for newer in ("python3.11", "python3.12", "python3.13"):
        (tmp_path / newer).symlink_to(old)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}

    asked = subprocess.run(
        [ROOT / "script/setup"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    assert asked.returncode == 1
    assert asked.stderr.splitlines() == [
        "Village Market needs Python 3.11 or newer; here is Python 3.9.2."
        " Install it, or set PYTHON=/path/to/python3."
    ]


def test_a_missing_ffmpeg_is_named_with_what_to_do(tmp_path):
    environment = os.environ | {"IMAGEIO_FFMPEG_EXE": str(tmp_path / "nowhere")}

    asked = subprocess.run(
        [sys.executable, "manage.py", "broadcast"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert asked.returncode == 1
    assert asked.stderr.splitlines() == [
        "CommandError: No ffmpeg found: run script/setup, or set IMAGEIO_FFMPEG_EXE."
    ]
