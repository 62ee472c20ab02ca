"""Builds the site: `python -m docs.site`, from the root of a checkout.

The pages are assembled in a folder of their own; Zensical renders them, and aborts at anything that
it warns of. Nothing is fetched, and nothing in the site asks another machine for anything.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.site.pages import assemble

ROOT = Path(__file__).parents[2]
CONFIGURATION = "mkdocs.yml"


def build(to: Path) -> str:
    """Build the site into a folder, in place of what is there; return what was said.

    Raises:
        SystemExit: If there was something to warn of.
    """
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        assemble(ROOT, folder / "pages")
        shutil.copy(ROOT / CONFIGURATION, folder)
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict"],
            cwd=folder, env=os.environ | {"PYTHONPATH": path, "NO_COLOR": "1"}, text=True,
            encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stdout)
        shutil.rmtree(to, ignore_errors=True)
        shutil.move(folder / "site", to)
    return done.stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docs.site", description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="folder of the site")
    chosen = parser.parse_args()
    sys.stdout.write(build(chosen.to))
