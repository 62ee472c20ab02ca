"""Compares how far times and ratios scatter with the engine of clusters beside them, and without.

    python benchmarks/cluster_scatter.py               # 20 runs of each kind, in turn: 5 minutes
    python benchmarks/cluster_scatter.py --runs 40

The same cases are measured by this machine alone, and by `local:1`, in turn, each time in fresh
workers. Scatter between runs is the standard deviation of the logarithm over runs; scatter within a
run the interquartile range of the samples over their median; both are pooled over cells. Wanted
are quotients within 10 % of one; their intervals (95 %) come from runs that are drawn anew.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import gradiometer
from gradiometer import Options

PROBLEMS = ("mlp", "rosenbrock", "log-sum-exp")
SIZES = ("10-50-50-1x32", "1000")
METHODS = ("backprop", "autograd", "jax-jit", "pytorch")
DRAWS = 200


def measured(runs: int) -> pd.DataFrame:
    """Return times, ratios and spreads of all cells, of `runs` runs of each kind."""
    found = []
    options = Options(budget_s=0.6, sample_s=0.003, rounds=200)
    for number in range(runs):
        for engine in (False, True)[:: 1 if number % 2 else -1]:
            with tempfile.TemporaryDirectory() as folder:
                done = gradiometer.run(
                    PROBLEMS, METHODS, sizes=SIZES, operators="gradient", options=options,
                    results=Path(folder), progress=False, cluster="local:1" if engine else None,
                )  # fmt: skip
                rows = done.records.loc[done.records["status"] == "ok"]
                samples = done.samples().groupby(["case", "method"])["seconds"]
                spread = (samples.quantile(0.75) - samples.quantile(0.25)) / samples.median()
            rows = rows.set_index(["case", "method"])[["time_s", "ratio"]].join(
                spread.rename("spread")
            )
            found.append(rows.assign(engine=engine, run=number).reset_index())
        print(f"{number + 1} of {runs}", flush=True)
    return pd.concat(found)


def between(column: str) -> Callable[[pd.DataFrame], float]:
    """Return what tells how far a figure scatters between runs."""

    def scatter(rows: pd.DataFrame) -> float:
        logs = np.log(rows[column]).groupby([rows["case"], rows["method"]])
        variances = logs.var()
        return float(np.sqrt(variances[variances > 0.0].mean()))

    return scatter


def within(rows: pd.DataFrame) -> float:
    """Return how far samples scatter within runs."""
    return float(rows["spread"].mean())


FIGURES = {
    "times, between runs": between("time_s"),
    "ratios, between runs": between("ratio"),
    "samples, within a run": within,
}


def main() -> None:
    """Print scatter without the engine, with it, and the quotient with its interval."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="runs of each kind")
    runs = parser.parse_args().runs
    rows = measured(runs)
    sides = [rows[rows["engine"] == engine] for engine in (False, True)]
    rng = np.random.default_rng(0)
    print(f"{'scatter of':24}{'alone':>8}{'engine':>8}   quotient [95 %]")
    for name, figure in FIGURES.items():
        alone, beside = (figure(side) for side in sides)
        quotients = [
            figure(_drawn(sides[1], chosen)) / figure(_drawn(sides[0], chosen))
            for chosen in rng.integers(runs, size=(DRAWS, runs))
        ]
        low, high = np.quantile(quotients, [0.025, 0.975])
        print(f"{name:24}{alone:8.2%}{beside:8.2%}   {beside / alone:.2f} [{low:.2f}, {high:.2f}]")
    ratio = [side["time_s"].groupby([side["case"], side["method"]]).median() for side in sides]
    print(
        f"times with the engine over times alone: {np.exp(np.log(ratio[1] / ratio[0]).mean()):.3f}"
    )


def _drawn(rows: pd.DataFrame, chosen: np.ndarray) -> pd.DataFrame:
    """Return the rows of runs, of some several times."""
    found: pd.DataFrame = pd.concat([rows[rows["run"] == number] for number in chosen])
    return found


if __name__ == "__main__":
    main()
