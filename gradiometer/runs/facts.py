"""`run.json`: what a run is, where, how and what it set out to measure; and how far it came.

The file carries a checksum of itself. What it said when the run began stands in `begun.json` as
well, so that one damaged file loses neither plan nor environment.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from gradiometer.errors import GradiometerError
from gradiometer.runs.formats import FORMAT, FORMATS, to_current
from gradiometer.runs.journal import read_text
from gradiometer.runs.lock import is_held
from gradiometer.runs.schema import strict

FILE, COPY = "run.json", "begun.json"


class DamagedRun(GradiometerError):
    """A file of a run is not what was written."""

    def __init__(self, file: Path, how: str) -> None:
        advice = f"`gradiometer runs repair {file.parent}` saves what can be."
        super().__init__(f"{file} is damaged: {how}. {advice}")


def write_facts(path: Path, info: dict[str, Any], file: str = FILE) -> None:
    """Write `run.json`, or the copy of it, at once: a reader meets the old one or the new one."""
    text = _text(info)
    told = {"checksum": _checksum(text)} | info
    draft = path / f"{file}.new"
    draft.write_text(_text(told), "utf-8")
    draft.replace(path / file)


def read_info(path: Path, experiment: str | None = None) -> dict[str, Any]:
    """Return what `run.json` says; a run that nobody measures any more is not `running`.

    Args:
        path: The run's folder.
        experiment: What the run has to be, if it matters.

    Raises:
        DamagedRun: If it is not what was written.
        GradiometerError: If another version wrote it, or it is of another experiment.
    """
    info = read_facts(path / FILE)
    if info["state"] == "running" and not is_held(path):
        info["state"] = "interrupted"
    if experiment not in (None, info["experiment"]):
        raise GradiometerError(
            f"Run {path.name} is a {info['experiment']}: expected a {experiment}. "
            "`gradiometer runs list` says what each is."
        )
    return info


def read_facts(file: Path) -> dict[str, Any]:
    """Return what `run.json` or its copy says, as the format of today has it.

    Raises:
        DamagedRun: If it is not what was written.
        GradiometerError: If another version wrote it.
    """
    if not file.exists():
        raise DamagedRun(file, "it is missing")
    try:
        info = json.loads(read_text(file))
    except ValueError as error:
        raise DamagedRun(file, f"no valid JSON ({error})") from error
    if not isinstance(info, dict) or not isinstance(info.get("format"), int):
        raise DamagedRun(file, "it tells no format")
    told = info.pop("checksum", None)
    if told != _checksum(_text(info)) and (told is not None or info["format"] == FORMAT):
        raise DamagedRun(file, "it is not what was written")
    if info["format"] not in FORMATS:
        readable = ", ".join(map(str, FORMATS))
        raise GradiometerError(
            f"{file} is of format {info['format']}: this version reads {readable}. Install the "
            "version of gradiometer that wrote it, which its environment names."
        )
    found = to_current(info)
    lacking = [key for key in ("id", "state", "plan", "experiment") if key not in found]
    if lacking:
        raise DamagedRun(file, f"it lacks {', '.join(lacking)}")
    return found


def _text(info: dict[str, Any]) -> str:
    return json.dumps(strict(info), indent=2, ensure_ascii=False) + "\n"


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8')):08x}"
