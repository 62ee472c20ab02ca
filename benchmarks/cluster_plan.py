"""How long a plan takes on 1 to 1,000 machines: the rules of `cluster.spreading`, simulated.

    python benchmarks/cluster_plan.py                  # of the reference run
    python benchmarks/cluster_plan.py latest --chart docs/many-machines.svg

A case takes what its record says: rounds, over the share of them that was spent in timed calls, and
preparations, on as many cores as there are; a library is imported once a machine. The plan is that
of the run; and, as one that takes a day, of 600 problems like those of the run, drawn by a seed, of
which some take longer than others and all more, as with more methods and larger budgets. Compared
are: problems whose cases stay together, as it is done, longest first; the same in the order of the
plan; and every case alone, which would put a problem on many machines.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

import gradiometer
from gradiometer.cluster.spreading import Spreading, Work
from gradiometer.report.run import Run
from gradiometer.vocabulary.case import Case, Cell

MACHINES = (1, 3, 10, 30, 100, 300, 1000)
BYTES, PACKAGE = 15e3, 15e3
"""What a case, and a node once, cost in bytes: `benchmarks/cluster_cost.py`."""
OVERHEAD_S = 0.02
"""What a case costs beside its own time, at most: the same."""
SHARE = 0.6
"""Share of the rounds' time that is spent in timed calls, where the run does not tell."""
PROBLEMS, DAY_S = 600, 86400.0
"""What a plan of a day has, and how long it is, seconds."""

Plan = tuple[list[Cell], Mapping[Case, float]]


def durations(run: Run) -> dict[Case, float]:
    """Return how long each case took, seconds, imports left out."""
    cores = run.info["environment"]["cores"]
    share = run.info.get("noise", {}).get("efficiency") or SHARE
    found = {}
    for _, rows in run.records.groupby("case", sort=False):
        first = rows.iloc[0]
        case = Case(*(first[name] for name in ("problem", "size", "operator", "dtype", "device")))
        timed = float((rows["time_s"] * rows["loops"] * rows["rounds"]).sum())
        prepared = float((rows["prepare_s"].fillna(0.0) + rows["first_s"].fillna(0.0)).sum())
        found[case] = timed / share + 2.0 * prepared / cores + OVERHEAD_S
    return found


def imports(run: Run) -> float:
    """Return how long a machine imports the libraries of all tools, seconds."""
    return float(run.records.groupby("tool")["import_s"].max().sum())


def of_a_day(took: Mapping[Case, float], rng: random.Random) -> dict[Case, float]:
    """Return the cases of many problems, each like one of the run's, which fill a day."""
    problems = defaultdict(list)
    for case in took:
        problems[case.problem].append(case)
    found: dict[Case, float] = {}
    for number in range(PROBLEMS):
        like = rng.choice(list(problems))
        for case in problems[like]:
            scale = rng.lognormvariate(0.0, 0.5)
            found[replace(case, problem=f"{like}-{number}")] = took[case] * scale
    whole = sum(found.values())
    return {case: seconds * DAY_S / whole for case, seconds in found.items()}


def simulated(
    took: Mapping[Case, float], estimate: Callable[[Work], float], machines: int, starting: float
) -> tuple[float, float]:
    """Return the makespan, seconds, and the share of the machines' time that was idle."""
    spreading = Spreading([Cell(case, "all") for case in took], estimate)
    free = [(starting, number) for number in range(machines)]
    busy, end = 0.0, 0.0
    while free:
        now, number = heapq.heappop(free)
        if now > starting:
            spreading.end(str(number))
        work = spreading.give(str(number), "one")
        if work is not None:  # who is given nothing now never will be
            lasts = took[work[0].case]
            busy, end = busy + lasts, max(end, now + lasts)
            heapq.heappush(free, (now + lasts, number))
    return end, 1.0 - busy / (machines * end)


def apart(took: Mapping[Case, float]) -> dict[Case, float]:
    """Return the same cases, each a problem of its own."""
    return {replace(case, problem=case.id): seconds for case, seconds in took.items()}


def table(name: str, took: Mapping[Case, float], starting: float) -> pd.DataFrame:
    """Return what comes of each rule by the number of machines."""
    alone = apart(took)
    rules: dict[str, tuple[Mapping[Case, float], Callable[[Work], float]]] = {
        "problems, longest first": (took, lambda work: took[work[0].case]),
        "problems, in order": (took, lambda work: 0.0),
        "cases alone": (alone, lambda work: alone[work[0].case]),
    }
    rows: list[dict[str, Any]] = []
    one = sum(took.values()) + starting
    for machines in MACHINES:
        for rule, (cases, estimate) in rules.items():
            makespan, idle = simulated(cases, estimate, machines, starting)
            rows.append(
                {
                    "plan": name, "machines": machines, "rule": rule, "makespan": makespan,
                    "idle": idle, "times faster": one / makespan,
                    "MB": (BYTES * len(took) + PACKAGE * machines) / 1e6,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def chart(found: pd.DataFrame, path: Path) -> None:
    """Draw how many times faster a plan is by the number of machines."""
    import altair as alt

    whole = alt.Scale(type="log", domainMin=1, nice=False)
    powers = alt.Axis(values=[10**k for k in range(4)])
    faster = "times faster than one machine"
    lines = (
        alt.Chart(found)
        .mark_line(point=True)
        .encode(
            x=alt.X("machines:Q", scale=whole, axis=powers, title="machines"),
            y=alt.Y("times faster:Q", scale=whole, axis=powers, title=faster),
            color=alt.Color("rule:N", title=None),
            strokeDash=alt.StrokeDash("rule:N", title=None),
        )
        .properties(width=280, height=240)
        .facet(column=alt.Column("plan:N", title=None, sort=None))
    )
    lines.save(path)


def main() -> None:
    """Print makespan, idle share and bytes by the number of machines; draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", default="results/reference")
    parser.add_argument("--chart", type=Path)
    asked = parser.parse_args()
    run = gradiometer.load(asked.run)
    took, starting = durations(run), imports(run)
    day = of_a_day(took, random.Random(7))
    plans = {f"the run: {len(took)} cases": took, f"a day: {len(day):,} cases": day}
    found = pd.concat([table(name, cases, starting) for name, cases in plans.items()])
    for name, cases in plans.items():
        longest: dict[str, float] = defaultdict(float)
        for case, seconds in cases.items():
            longest[case.problem] += seconds
        most, whole = max(longest.values()), sum(cases.values())
        print(
            f"{name}, {len(longest)} problems: {whole / 60:.1f} min on one machine, imports "
            f"{starting:.0f} s; longest problem {most:.1f} s, longest case "
            f"{max(cases.values()):.1f} s: at most {(whole + starting) / (most + starting):.0f} "
            "times faster"
        )
        rows = found[found["plan"] == name]
        shown = rows.assign(
            makespan=rows["makespan"].map("{:.0f} s".format),
            idle=rows["idle"].map("{:.0%}".format),
        ).drop(columns="plan")
        print(tabulate(shown, headers="keys", showindex=False, floatfmt=".1f"))
    if asked.chart:
        chart(found, asked.chart)


if __name__ == "__main__":
    main()
