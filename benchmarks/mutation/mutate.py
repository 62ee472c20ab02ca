"""Mutates the code, runs the tests that run what was changed, and tells which mutants they miss.

    make mutation                                       # files changed since main's merge base
    make mutation ARGS="--since HEAD~3"                 # … since a commit
    make mutation ARGS="measure --sample 100 --seed 7"  # mutants of a room, drawn with a seed
    make mutation ARGS="gradiometer/measure/statistics.py"
    make mutation ARGS="--record"                       # which tests run which lines, anew

A mutant that mypy refuses is none, since `make check` would refuse it. A test kills one if it fails
with it, twice, and passes without. `equivalent.toml` lists those that no test can tell apart.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import covering
import trying
from copied import ROOT, copy
from mutants import Change, Mutant, changes, mutants
from scipy.stats import binomtest
from tabulate import tabulate
from typed import Types

ROOMS = ("measure", "judging", "checking", "worker", "reference", "runs", "report", "cli")
LEAST = 0.9
"""The share of each room's mutants that tests must kill."""
CPU_S = 20.0
"""Seconds of CPU time that tests may use beside three times those that they took."""
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
Key = tuple[str, str, str, str]


@dataclass
class Room:
    """What came of the mutants of a room.

    Attributes:
        changes: What can be changed; some of it comes to the same mutant.
        equivalent: How many mutants are listed as equivalent.
        refused: Those among the drawn ones that mypy refuses.
        ended: How the others ended.
    """

    changes: list[Change] = field(default_factory=list)
    equivalent: int = 0
    refused: int = 0
    ended: list[trying.Attempt] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """How many no longer live."""
        return sum(attempt.end is not trying.End.SURVIVED for attempt in self.ended)

    @property
    def passed(self) -> bool:
        """Whether tests kill enough."""
        return self.killed >= LEAST * len(self.ended)

    def row(self) -> list[object]:
        """Return the figures, with a 95 % interval of the share (Wilson's)."""
        share = low = high = 1.0
        if self.ended:
            share = self.killed / len(self.ended)
            low, high = binomtest(self.killed, len(self.ended)).proportion_ci(method="wilson")
        late = sum(attempt.end is trying.End.OUT_OF_TIME for attempt in self.ended)
        shown = f"{share:.1%}", f"{low:.1%} to {high:.1%}"
        counts = len(self.changes), self.equivalent, self.refused, len(self.ended), self.killed
        return [*counts, late, *shown]


HEADERS = (
    "room", "changes", "equivalent", "refused by mypy", "tried", "killed", "of these by time",
    "share", "95 %",
)  # fmt: skip


def main() -> None:
    """Try mutants, and tell what survives; end with 1 where it is too much."""
    os.environ.pop("PYTHONPATH", None)  # which would come before the copies
    asked = _asked()
    files = _files(asked.what, asked.since)
    if not files and not asked.record:
        raise SystemExit(
            "Nothing to mutate: no file of the rooms has changed. Name rooms or files."
        )
    if asked.record or not covering.TIMES.exists():
        covering.record()
    listed = _listed()
    rooms, met = _rooms(files, listed)
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
        try:
            _try(rooms, Path(folder), asked, listed)
        except KeyboardInterrupt:
            print("Interrupted: these are the figures of what was tried until then.")
    print(tabulate([[name, *room.row()] for name, room in rooms.items()], HEADERS))
    stale = [key for key in listed if Path(key[0]) in files and key not in met]
    for path, within, removed, added in stale:
        print(f"{EQUIVALENT.name} lists what is no mutant: {path} {within}: {removed} -> {added}")
    raise SystemExit(bool(stale) or not all(room.passed for room in rooms.values()))


def _asked() -> argparse.Namespace:
    said = __doc__ or ""
    parser = argparse.ArgumentParser(description=said.partition("\n")[0])
    parser.add_argument("what", nargs="*", help="rooms or files; changed files by default")
    parser.add_argument("--since", default="main", help="what files have changed against")
    parser.add_argument("--sample", type=int, help="mutants of each room, drawn; all by default")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--jobs", type=int, default=2, help="mutants tried at a time")
    parser.add_argument(
        "--budget", type=float, default=40.0, help="seconds of tests a mutant has, as recorded"
    )
    parser.add_argument("--record", action="store_true", help="record anew what tests run")
    return parser.parse_args()


def _files(what: Sequence[str], since: str) -> list[Path]:
    """Return the files meant, relative to the repository: named, or changed."""
    named = [f"gradiometer/{one}" if one in ROOMS else one for one in what]
    if not named:
        base = _git("merge-base", "HEAD", since)[0]
        named = _git("diff", "--name-only", base) + _git("ls-files", "-o", "--exclude-standard")
    meant = (Path(one).resolve() if Path(one).exists() else ROOT / one for one in named)
    files = [file for one in meant for file in (one.rglob("*.py") if one.is_dir() else [one])]
    found = (file for file in files if file.is_file() and file.suffix == ".py")
    inside = {file.relative_to(ROOT) for file in found if file.is_relative_to(ROOT / "gradiometer")}
    return sorted(file for file in inside if _room(file))


def _room(file: Path) -> str:
    return file.parts[1] if file.parts[1] in ROOMS else ""


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def _listed() -> dict[Key, str]:
    """Return the mutants that are listed as equivalent, and why they are."""
    tables = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    names = ("file", "within", "removed", "added")
    return {tuple(table[name] for name in names): table["reason"] for table in tables}


def _rooms(files: Sequence[Path], listed: dict[Key, str]) -> tuple[dict[str, Room], set[Key]]:
    """Return what can be changed in files by room, and the listed mutants that are among it."""
    rooms: dict[str, Room] = {}
    met = set()
    of_equivalents = {Path(key[0]) for key in listed}
    for file in files:
        source = (ROOT / file).read_text(encoding="utf-8")
        room = rooms.setdefault(_room(file), Room())
        room.changes += changes(file, source)
        if file in of_equivalents:
            found = {mutant.key for mutant in mutants(file, source)} & listed.keys()
            room.equivalent += len(found)
            met |= found
    return rooms, met


def _try(
    rooms: dict[str, Room], folder: Path, asked: argparse.Namespace, listed: Collection[Key]
) -> None:
    """Try mutants of each room until all, or as many as were asked for, have ended."""
    now = folder / "now"
    copy(now)  # of which all else is, so that the working tree may change meanwhile
    known = covering.Covering(now, asked.budget)
    first = (folder, now, known.known)
    with (
        ProcessPoolExecutor(asked.jobs, get_context("spawn"), trying.prepare, first) as pool,
        Types(folder / "typed", now, covering.KEPT.parent / "mypy") as types,
    ):
        going: dict[Future[trying.Attempt], Room] = {}
        try:
            for room, mutant in in_turn(
                {name: _accepted(name, room, types, asked, listed) for name, room in rooms.items()}
            ):
                tests, seconds = known.tests(mutant.path, mutant.place)
                limit = CPU_S + 3.0 * seconds
                going[pool.submit(trying.run, mutant, tests, limit)] = rooms[room]
                _tell_ended(rooms, going)
            while going:
                wait(going, return_when=FIRST_COMPLETED)
                _tell_ended(rooms, going)
        finally:
            pool.shutdown(cancel_futures=True)


def in_turn(mutants: dict[str, Iterator[Mutant]]) -> Iterator[tuple[str, Mutant]]:
    """Yield a mutant of each room in turn, so that whoever interrupts has some of each."""
    while mutants:
        for name in [*mutants]:
            mutant = next(mutants[name], None)
            if mutant is None:
                del mutants[name]
            else:
                yield name, mutant


def _accepted(
    name: str, room: Room, types: Types, asked: argparse.Namespace, listed: Collection[Key]
) -> Iterator[Mutant]:
    """Yield the mutants to try: all that are not listed and mypy accepts, or a sample of them."""
    drawn = list(room.changes)
    if asked.sample is not None:
        random.Random(f"{name} {asked.seed}").shuffle(drawn)
    wanted = len(drawn) if asked.sample is None else asked.sample
    met = set()
    for mutant in filter(None, (change.mutant() for change in drawn)):
        if not wanted:
            return
        if mutant.key in listed or mutant.text in met:
            continue
        met.add(mutant.text)
        if types.accepts(mutant):
            wanted -= 1
            yield mutant
        else:
            room.refused += 1


def _tell_ended(rooms: dict[str, Room], going: dict[Future[trying.Attempt], Room]) -> None:
    """Take out what has ended, and tell what survived."""
    for future in [each for each in going if each.done()]:
        attempt = future.result()
        going.pop(future).ended.append(attempt)
        if attempt.end is trying.End.SURVIVED:
            print(f"{attempt.mutant}\n  survived {attempt.tests} tests\n", flush=True)
    ended = sum(len(room.ended) for room in rooms.values())
    print(f"{ended} tried, {len(going)} left", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
