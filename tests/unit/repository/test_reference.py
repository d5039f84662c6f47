"""Reference pages say what the code declares: ``python tools/reference.py`` made them."""

from __future__ import annotations

import subprocess
import sys

from risicomodel.core import paths
from support.repository import ROOT
from support.running import environment


def test_reference_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "reference.py"), "--check"],
        env=environment(paths.home()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
