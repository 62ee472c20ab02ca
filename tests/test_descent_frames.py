"""A descent as frames and as a report, without descending anything."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt

from gradiometer.descent.frames import Descent
from gradiometer.descent.trajectory import Trajectory
from gradiometer.report.markdown import render
from gradiometer.vocabulary.outcome import Status

FACTS = {
    "problem": "a_toy", "size": "s", "inputs": 2, "rate": 0.1, "seed": 0, "threads": 1,
    "machine": {"cpu": "CPU", "started": "now", "versions": {"numpy": "2"}},
}  # fmt: skip
DONE = Trajectory(
    "newton", "tape", "reverse", 2, losses=[2.0, 1.5], seconds=[0.0, 1e-6], drift=[0.0, 1e-16]
)
BAD = Trajectory("newton", "bad", "reverse", 2, Status.ERROR, "KeyError: <a> | *b*", faulty=True)


def html(descent: Descent) -> str:
    return MarkdownIt("commonmark").enable("table").render(render(descent.page()))


def test_columns_are_the_same_whether_or_not_a_step_was_taken() -> None:
    full, empty = Descent(FACTS, [DONE, BAD]), Descent(FACTS, [])
    for frames in ("frame", "methods"):
        assert list(getattr(full, frames)) == list(getattr(empty, frames))
    assert len(full.frame) == 2
    assert len(empty.frame) == len(empty.methods) == 0


def test_figures_are_those_of_the_last_step() -> None:
    done, bad = Descent(FACTS, [DONE, BAD]).methods.to_dict("records")
    figures = {name: done[name] for name in ("steps", "first_loss", "last_loss", "ratio", "drift")}
    assert figures == {
        "steps": 1, "first_loss": 2.0, "last_loss": 1.5, "ratio": 1.0, "drift": 1e-16,
    }  # fmt: skip
    assert all(pd.isna(bad[name]) for name in ("first_loss", "seconds", "ratio", "drift"))


def test_a_descent_of_which_nothing_is_kept_has_its_report(tmp_path: Path) -> None:
    _, path = Descent(FACTS, []).write(tmp_path)
    assert path.read_text("utf-8").startswith("# Descending a\\_toy s (2 inputs)\n")
    assert not list(path.parent.glob("*.svg"))


def test_the_report_names_the_rules_and_the_machine() -> None:
    shown = html(Descent(FACTS, [DONE]))
    assert "<li>gradient-descent, η = 0.1: θ ← θ − η·∇L</li>" in shown
    assert "CPU, 1 thread a tool,\nnow, seed 0. numpy 2.</p>" in shown
    assert "Where a trajectory ended" not in shown
    assert 'src="descent.svg"' in shown


def test_a_reason_reads_as_it_was_given() -> None:
    shown = html(Descent(FACTS, [BAD]))
    assert "<li>error: newton/bad: KeyError: &lt;a&gt; | *b*</li>" in shown
    assert "descent.svg" not in shown
