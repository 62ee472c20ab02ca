"""Functions of JAX and PyTorch as they stand: found, checked, and what is wrong with them named."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from here import in_this_process

import gradiometer
from gradiometer.checking.check import check
from gradiometer.checking.checked import Check
from gradiometer.checking.result import Verdict
from gradiometer.checking.telling import few
from gradiometer.errors import GradiometerError
from gradiometer.plugins import loader
from gradiometer.plugins.address import by_value
from gradiometer.plugins.registry import ProblemEntry
from gradiometer.pytest_plugin.process import ThisProcess
from gradiometer.testing import assert_derivatives
from gradiometer.tracing.frameworks import framework, framework_of
from gradiometer.tracing.own import own_problem
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.worker import requests
from gradiometer.worker.requests import Work

X = np.array([0.5, -1.5])


@pytest.fixture(autouse=True)
def as_before() -> Any:
    """Leave JAX as it was: methods that are asked in this process have it compute in doubles."""
    with framework("jax").settings_kept():
        yield


@jax.custom_vjp
def halved(x: Any) -> Any:
    return x * x


halved.defvjp(lambda x: (x * x, x), lambda x, g: (g * x,))


class Reversed(torch.autograd.Function):
    """The hyperbolic tangent, with a backward pass of the wrong sign."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (y,) = ctx.saved_tensors
        return -grads[0] * (1.0 - y * y)


def in_jax(x: Any) -> Any:
    return jnp.sum(jnp.tanh(x) ** 2)


def in_torch(x: Any) -> Any:
    return torch.sum(torch.tanh(x) ** 2)


def in_numpy(x: Any) -> Any:
    return np.sum(np.tanh(x) ** 2)


def calls_a_helper(x: Any) -> Any:
    return in_jax(x) + 1.0


def both(x: Any) -> Any:
    return jnp.sum(x) + torch.sum(x)


def tensor(*values: float, dtype: Any = torch.float64) -> Any:
    return torch.tensor(values, dtype=dtype)


def doubles(*values: float) -> Any:
    with jax.enable_x64(True):
        return jnp.array(values, dtype=jnp.float64)


@pytest.mark.parametrize(
    ("function", "args", "name"),
    [
        (in_jax, (X,), "jax"), (in_torch, (X,), "torch"), (in_numpy, (X,), ""),
        (calls_a_helper, (X,), "jax"), (lambda x: x * x, ({"a": [tensor(1.0)]},), "torch"),
        (lambda x: x * x, (jnp.ones(2),), "jax"), (jax.jit(in_jax), (X,), "jax"),
        (torch.nn.Linear(2, 1), (X,), "torch"), (lambda x: x, (X,), ""),
    ],
)  # fmt: skip
def test_a_framework_is_known_by_what_is_there(function: Any, args: Any, name: str) -> None:
    assert framework_of(function, args, {}) == name


def test_a_function_of_two_frameworks_is_refused() -> None:
    with pytest.raises(GradiometerError, match="uses JAX and PyTorch: pass arrays of the one"):
        framework_of(both, (X,), {})


RIGHT: dict[str, Callable[[], Check]] = {
    "jax": lambda: check(in_jax, doubles(0.5, -1.5)),
    "jax, float32": lambda: check(in_jax, jnp.array([0.5, -1.5], dtype=jnp.float32)),
    "jax, NumPy's arrays": lambda: check(in_jax, X),
    "torch": lambda: check(in_torch, tensor(0.5, -1.5)),
    "torch, float32": lambda: check(in_torch, tensor(0.5, dtype=torch.float32)),
    "torch, Hessian": lambda: check(in_torch, tensor(0.5, -1.5), operator="hessian"),
    "jax, hvp": lambda: check(in_jax, doubles(0.5, -1.5), operator="hvp"),
    "a module": lambda: check(torch.nn.Linear(3, 2).double(), torch.ones(4, 3).double()),
}


@pytest.mark.parametrize("what", RIGHT)
def test_what_a_framework_computes_is_right(what: str) -> None:
    done = RIGHT[what]()
    assert done, repr(done)
    assert len(done.places) >= 3
    tools = {"jax", "pytorch"} & {claim.name for claim in done.claims}
    assert tools == {"jax" if what.startswith("jax") else "pytorch"}


def test_a_wrong_rule_is_named_with_its_lines() -> None:
    done = check(lambda x: jnp.sum(halved(x) * x), doubles(0.5, -1.5))
    assert done.verdict is Verdict.WRONG
    (cause,) = done.causes
    assert (cause.kind, cause.name) == ("rule", "the custom_vjp halved")
    assert re.match(r" at test_frameworks\.py, line \d+$", cause.written)
    assert "half what it should be" in repr(done)
    assert done.as_dict()["causes"][0]["name"] == "the custom_vjp halved"


def test_of_several_rules_the_wrong_one_is_named() -> None:
    def several(x: Any) -> Any:
        return torch.sum(torch.nn.functional.relu(x) + Reversed.apply(x))

    done = check(several, tensor(0.5, 1.5))
    assert [cause.name for cause in done.causes] == ["the autograd.Function Reversed"]
    assert "the sign is reversed" in done.causes[0].fault
    with pytest.raises(AssertionError, match=r"Function Reversed .* is to blame"):
        assert_derivatives(several, tensor(0.5, 1.5))


def test_an_operation_whose_numbers_are_wrong_is_named() -> None:
    done = check(lambda x: torch.nn.functional.hardsigmoid(x).sum(), tensor(0.3))
    assert [(c.kind, c.name) for c in done.causes] == [
        ("kernel", "the operation hardsigmoid_backward")
    ]


def test_what_is_held_constant_is_told_with_what_it_changes() -> None:
    done = check(lambda x: (x * x.detach()).sum(), tensor(1.0, 2.0))
    assert done.verdict is Verdict.RIGHT
    (told,) = done.cuts
    assert "detach at test_frameworks.py, line" in told
    assert "∂/∂x[1] would be 4.0, not 2.0" in told
    assert not check(lambda x: jax.nn.softmax(x)[0], doubles(1.0, 2.0)).cuts


def test_a_rule_of_float32_is_judged_by_the_digits_of_float32() -> None:
    x = jnp.array([10.0, 1.0], dtype=jnp.float32)
    done = check(lambda x: jnp.sum(jax.nn.softplus(x)), x, operator="hvp")
    assert (done.verdict, list(done.causes)) == (Verdict.WRONG, [])
    (cause,) = check(lambda x: jnp.sum(halved(x)), x).causes
    assert (cause.name, cause.fault) == (
        "the custom_vjp halved", "its pullback is wrong: half what it should be in all of x0",
    )  # fmt: skip


def test_an_operation_of_float32_is_judged_by_the_digits_of_float32() -> None:
    loss = lambda x: torch.nn.functional.logsigmoid(x).sum()  # noqa: E731
    done = check(loss, tensor(10.0, 17.0, dtype=torch.float32), operator="hvp")
    assert (done.verdict, list(done.causes)) == (Verdict.WRONG, [])


def test_what_depends_on_no_input_is_told() -> None:
    with warnings.catch_warnings(action="ignore"):
        (told,) = check(lambda x: torch.tensor(x).sum(), [1.0, 2.0]).cuts
    assert told.startswith("nothing that is returned depends on an input: torch.tensor(x)")
    assert check(lambda x: jnp.sum(jnp.ones(2)), doubles(1.0)).cuts == [told]
    assert check(lambda x: jnp.sum(jax.lax.stop_gradient(x)), doubles(1.0)).cuts != [told]


def single_inside(x: Any) -> Any:
    return torch.sum(x.float() ** 2).double()


def test_where_digits_are_dropped_is_told() -> None:
    done = check(single_inside, tensor(0.1, 2.0))
    (told,) = done.notes
    assert re.match("float64 becomes float32 at test_frameworks.py, line [0-9]+, which", told)
    assert f"note: {told}." in repr(done)
    assert f"<p>note: {told}.</p>" in done._repr_html_()
    assert done.as_dict()["notes"] == [told]
    traced = gradiometer.trace(single_inside, tensor(0.1, 2.0))
    assert f"Note: {told}." in repr(traced)
    assert traced.as_dict()["notes"] == [told]
    assert not check(in_torch, tensor(0.1)).notes


def test_a_few_notes_are_shown_and_how_many_more_there_are() -> None:
    told = few([str(k) for k in range(7)])
    assert told == ["0", "1", "2", "3", "… and 3 more such lines"]
    assert few(["0"]) == ["0"]


@pytest.mark.parametrize("what", ["jax", "torch"])
def test_numbers_are_the_function_s_own_unless_others_are_asked_for(what: str) -> None:
    function, x = {
        "jax": (in_jax, jnp.array([0.5, -1.5], dtype=jnp.float32)),
        "torch": (in_torch, tensor(0.1, dtype=torch.float32)),
    }[what]
    assert gradiometer.trace(function, x).point.dtype == "float32"
    assert gradiometer.trace(function, x, dtype="float64").point.dtype == "float64"
    nowhere: Any = None
    assert ProblemEntry.of(own_problem(function, x), nowhere).dtype == "float32"


def test_a_gradient_of_one_s_own_is_checked() -> None:
    def gradient(x: Any) -> Any:
        return 2.0 * np.tanh(x)

    done = check(in_jax, doubles(0.5, -1.5), gradient=gradient)
    assert [claim.name for claim in done.claims] == ["gradient"]
    assert done.verdict is Verdict.WRONG


def test_no_rule_is_blamed_for_a_gradient_of_one_s_own() -> None:
    done = check(lambda x: jnp.sum(halved(x)), doubles(0.5, -1.5), gradient=lambda x: 7.0 * x)
    assert done.verdict is Verdict.WRONG
    assert not done.causes


def test_parameters_are_inputs_by_name() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))

    def loss(x: Any) -> Any:
        return (model(x) ** 2).mean()

    problem = own_problem(loss, torch.ones(4, 2))
    assert list(problem.point().inputs) == ["_0_weight", "_0_bias", "_2_weight", "_2_bias"]
    assert problem.dtype == "float32"
    chosen = own_problem(loss, torch.ones(4, 2), argnums=("_2_weight", "x"))
    assert set(chosen.point().inputs) == {"_2_weight", "x"}
    tree = own_problem(lambda p, x: jnp.sum(p["W"][0] * x), {"W": [jnp.ones(2)]}, jnp.ones(2))
    assert list(tree.point().inputs) == ["p_W_0", "x"]


def test_settings_of_the_caller_stay() -> None:
    before = jax.config.jax_enable_x64, torch.get_num_threads()  # type: ignore[attr-defined]
    check(in_jax, doubles(0.5))
    check(in_torch, tensor(0.5))
    assert before == (jax.config.jax_enable_x64, torch.get_num_threads())  # type: ignore[attr-defined]


MODEL = """
import torch

class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * x

def loss(x=torch.tensor([1.0, 2.0])):
    return Square.apply(x).sum()
"""


def test_a_file_is_checked_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    command = [sys.executable, "-m", "gradiometer", "check", "model.py:loss", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert (found["verdict"], found["dtype"]) == ("wrong", "float32")
    assert found["causes"][0]["name"] == "the autograd.Function Square"
    assert found["causes"][0]["written"] == " at model.py, line 10"
    assert sorted(p.name for p in tmp_path.iterdir()) in (["model.py"], ["__pycache__", "model.py"])


def test_a_run_takes_a_function_itself_and_translates_it_for_others(tmp_path: Path) -> None:
    problem, options = own_problem(in_torch, tensor(0.5, -1.5)), gradiometer.Options(rounds=0)
    tools = ["pytorch", "jax", "central-difference"]
    with framework("jax").settings_kept(), in_this_process():
        run = gradiometer.run(problem, tools, results=tmp_path, options=options)
    gradients = run.records[run.records["operator"] == "gradient"]
    translated = dict(zip(gradients["method"], gradients["translated"], strict=True))
    assert translated == {"pytorch": "", "jax": "torch", "central-difference": ""}
    assert set(gradients["status"]) == {"ok"}
    assert not any(gradients["reason"])


def test_a_function_with_tensors_of_its_own_has_a_value(tmp_path: Path) -> None:
    own = tensor(0.5, -1.5).requires_grad_()
    problem = own_problem(lambda x: torch.sum(x * own), tensor(0.5, -1.5))
    with in_this_process():
        run = gradiometer.run(
            problem, ["pytorch"], results=tmp_path, options=gradiometer.Options(rounds=0)
        )
    assert set(run.records["status"]) == {"ok"}


def by_turns(x: Any) -> Any:
    return torch.sum(x * x) if x[0] > 0.0 else torch.sum(x * x * x)


def recorded(*at: Any) -> Any:
    """Return a problem of which others have the branches at points."""
    problem = own_problem(by_turns, tensor(0.5, -1.5))
    problem.function.points = lambda: [Point({"x": np.array(x)}) for x in at]
    return problem


@pytest.mark.parametrize("x", [[0.5, -1.5], [-0.5, -1.5]])
def test_a_tool_that_cannot_decide_is_given_all_branches(x: list[float]) -> None:
    program = recorded([0.5, -1.5], [-0.5, -1.5]).function
    found = jax.jit(lambda x: program.evaluate(Namespace(jnp), [x], {}))(jnp.array(x))
    assert float(found) == pytest.approx(float(by_turns(tensor(*x))))
    assert (program.translated, program.unknown(Point({"x": np.array(x)}))) == ("torch", "")


@pytest.mark.parametrize("method", ["complex-step", "jax-jit"])
def test_where_no_branch_was_recorded_a_translation_is_unsupported(method: str) -> None:
    problem, process = recorded([0.5, -1.5]), ThisProcess()
    points, address = problem.points(), loader.load().methods[method].address
    work = Work(address, by_value(problem), "gradient", points.signature)
    process.ask(requests.set_up, 60.0, address, work.target)
    process.ask(requests.prepare, 60.0, "cell", work, points.declared, 1.0)
    (found,) = process.ask(requests.answers, 60.0, "cell", [points.declared])
    assert np.allclose(found.arrays[0], [1.0, -3.0])
    other = Argument(Point({"x": np.array([-0.5, -1.5])}))
    with pytest.raises(Failure, match="the program branches at ") as caught:
        process.ask(requests.answers, 60.0, "cell", [other])
    assert caught.value.status is Status.UNSUPPORTED


def test_what_is_drawn_from_a_constant_key_is_a_constant_in_either_type() -> None:
    def dropped(x: Any) -> Any:
        return jnp.sum(x * jax.random.bernoulli(jax.random.key(0), 0.5, (3,)))

    for x in (jnp.ones(3), doubles(1.0, 2.0, 3.0)):
        assert check(dropped, x)


def test_defaults_are_no_inputs_where_arguments_are_passed() -> None:
    def decayed(w: Any, rate: Any = 0.1) -> Any:
        return jnp.sum(w * w) * rate

    def weighted(w: Any, weights: Any = X) -> Any:
        return jnp.sum(w * weights)

    assert list(own_problem(decayed, jnp.ones(2)).point().inputs) == ["w"]
    problem = own_problem(weighted, jnp.ones(2))
    assert (list(problem.point().inputs), list(problem.point().given)) == (["w"], ["weights"])


def test_the_function_is_called_once_to_learn_what_it_returns() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(x)
        return torch.sum(x * x)

    own_problem(counted, tensor(1.0))
    assert len(calls) == 1
