"""Problems on which tools are known to fail: measured on request, and no fault of the run."""

from __future__ import annotations

from pathlib import Path

import pytest

import gradiometer
from gradiometer import Options
from gradiometer.errors import UnknownName
from gradiometer.plugins.registry import Registry
from gradiometer.plugins.selection import choose
from gradiometer.runs import analysis


def test_the_default_leaves_out_what_is_measured_on_request(registry: Registry) -> None:
    everything, named = (registry.matching("problems", p) for p in ("*", "where-*"))
    assert "where-trap" not in {p.name for p in everything}
    assert [p.name for p in named] == ["where-trap"]
    alone = Registry(problems={"where-trap": registry.problems["where-trap"]})
    with pytest.raises(UnknownName):
        choose(alone, "*", ("problems",))


@pytest.mark.parametrize(
    ("method", "status"),
    [("jax", "nonfinite"), ("jax-jit", "nonfinite"), ("sympy", "error"), ("backprop", "")],
)
def test_a_problem_says_how_methods_are_known_to_end(
    registry: Registry, method: str, status: str
) -> None:
    assert registry.problems["where-trap"].expects(method) == status
    assert registry.problems["mlp"].expects(method) == ""


def test_an_expected_failure_is_shown_and_no_fault_another_is(tmp_path: Path) -> None:
    options = Options(rounds=0)
    run = gradiometer.run(
        "where-trap", ["backprop", "jax-jit"], operators="gradient", options=options,
        results=tmp_path,
    )  # fmt: skip
    ended = dict(zip(run.records["method"], run.records["status"], strict=True))
    assert ended == {"backprop": "ok", "jax-jit": "nonfinite"}
    assert run.faulty.empty
    assert run.agreement().loc["jax-jit"].item() == "nonfinite"
    (reason,) = run.coverage()["reason"]
    assert reason.endswith("not finite: x[0] (expected)")

    otherwise = run.records.assign(expected="disagrees")
    assert not analysis.coverage(otherwise)["reason"].str.endswith("(expected)").any()
    assert len(type(run)(run.path, run.info, otherwise).faulty) == 1
