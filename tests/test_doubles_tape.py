"""The tape in double-double arithmetic: its enclosures hold those of 192 bits."""

from functools import cache
from pathlib import Path

import built_in
import numpy as np
import pytest
from expressions import program
from flint import arb, ctx

from gradiometer import problem
from gradiometer.errors import ReferenceFailure
from gradiometer.reference import forward, identity, numeric
from gradiometer.reference.answers import ANSWERS
from gradiometer.reference.certify import certify
from gradiometer.reference.doubles import machine
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.forward import BALLS, forward_pass
from gradiometer.vocabulary.operators import operator as find_operator


def smallest(name):
    """The label of a problem's smallest size."""
    problem = built_in.problem(name)
    labels = [str(label) for label in problem.sizes] or [""]
    return min(labels, key=lambda label: built_in.points(problem, label).signature.n)


PROBLEMS = sorted(built_in.registry().problems)


@cache
def passes(name):
    """The place, the forward pass in doubles, and that in balls."""
    problem = built_in.problem(name)
    at = built_in.argument(problem, smallest(name))
    found = []
    for bits in (numeric.DOUBLES, BALLS[0]):
        try:
            found.append(forward_pass(problem, at.point, bits))
        except ReferenceFailure as error:
            found.append(error)
    return at, *found


def made(function, x):
    """A problem of one input, and its point with directions."""
    of = problem(at={"x": np.array(x)})(function)
    return of, built_in.argument(of)


def answers(name, operator):
    at, *both = passes(name)
    asked = find_operator(operator)
    found = []
    for done in both:
        if isinstance(done, ReferenceFailure):
            raise done
        with done.working():
            found.append(ANSWERS[operator](done, asked, at.directions))
    return found


def both(of, at, operator):
    """What an operator gives in doubles, and in balls."""
    found = []
    for bits in (numeric.DOUBLES, BALLS[0]):
        done = forward_pass(of, at.point, bits)
        with done.working():
            found.append(ANSWERS[operator](done, find_operator(operator), at.directions))
    return found


def outside(one, other):
    """How many balls of an answer in doubles do not meet those of another."""
    with ctx.workprec(3000):
        parts = zip(*(x.tolist() for x in numeric.pairs(one)), other, strict=True)
        return sum(
            not abs(arb(high) + arb(low) - b.mid()) <= arb(reach) + b.rad()
            for high, low, reach, b in parts
        )


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "where-trap"])
def test_every_operator_of_built_in_problems_is_enclosed(name):
    scalar = not built_in.problem(name).outputs
    for operator in ANSWERS if scalar else ("value", "jacobian", "jvp", "vjp"):
        one, other = answers(name, operator)
        assert one.balls.shape == other.balls.shape
        assert not outside(one.balls, numeric.balls(other.balls)), operator
        np.testing.assert_allclose(one.bound, other.bound, rtol=1e-6)


def test_a_wrong_rule_is_seen(monkeypatch):
    """The check can fail: a slope that is off by 10⁻²⁵."""
    one, other = answers("mlp", "gradient")
    wrong = one.balls * (1.0 + 2.0**-52) - one.balls * 2.0**-52 * (1.0 + 2.0**-30)
    assert outside(wrong, numeric.balls(other.balls))


SOURCES = {
    "indices that meet": lambda xp, x: xp.sum(x[[0, 2, 0, 0, 1]] * x[[1, 1, 1, 3, 0]]),
    "partial sums": lambda xp, x: xp.sum(xp.cumulative_sum(x) * xp.flip(x)),
    "a choice": lambda xp, x: xp.sum(xp.where(x > 0.5, x * x, xp.exp(x))),
    "an order": lambda xp, x: xp.sum(xp.sort(x) ** 3) + xp.max(x),
    "assignments": lambda xp, x: _assigned(xp, x),
    "powers": lambda xp, x: xp.sum((1 + x * x) ** 0.3 + (1 + x * x) ** -2),
    "matrices": lambda xp, x: xp.linalg.det(_square(xp, x)) + xp.sum(xp.linalg.inv(_square(xp, x))),
    "angles": lambda xp, x: xp.sum(xp.atan2(x, 1 + x) / xp.hypot(x, 1)),
    "whole numbers": lambda xp, x: xp.sum(x * (xp.arange(4) // 2) + xp.floor(x) * x),
    "a convolution": lambda xp, x: xp.sum(
        xp.conv(xp.reshape(x, (1, 1, 4)), xp.reshape(x[:2], (1, 1, 2)), padding=1) ** 2
    ),
    "a constant": lambda xp, x: xp.sum(xp.softplus(x) * xp.pi + xp.logaddexp(x, 2 * x)),
    "subnormals": lambda xp, x: xp.sum(x * 5e-324) * 1e300 + xp.sum(x),
    "zeros": lambda xp, x: xp.sum(x * (x - x)) + xp.sum(x) * 0.0 + x[0] * -0.0 + x[1],
}


def _assigned(xp, x):
    y = xp.zeros(6)
    y[1:5] = x
    y[0] += x[3] * x[2]
    return xp.sum(y * y)


def _square(xp, x):
    return xp.reshape(x, (2, 2)) + 3 * xp.eye(2)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("operator", ["gradient", "hessian", "hvp"])
def test_what_the_tape_does_is_enclosed(source, operator):
    one, other = both(*made(SOURCES[source], np.array([0.7, -1.3, 2.9, 0.2])), operator)
    assert not outside(one.balls, numeric.balls(other.balls))


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_are_enclosed(seed):
    one, other = both(*made(*program(seed)), "hessian")
    assert not outside(one.balls, numeric.balls(other.balls))


@pytest.mark.parametrize(
    "function",
    [
        lambda xp, x: xp.sum(x * 1e300 * 1e300 * 1e-300),
        lambda xp, x: xp.sum(xp.where(x > 0.0, x, 1.0 / (x - x))),
        lambda xp, x: xp.linalg.eigh(xp.reshape(x, (2, 2)))[0][0],
    ],
)
def test_what_doubles_do_not_reach_is_done_in_balls(monkeypatch, function):
    monkeypatch.setattr(forward, "FEW", 0)
    of, at = made(function, np.array([0.7, 1.3, 1.3, 0.2]))
    with pytest.raises(BeyondDoubles):
        forward_pass(of, at.point, numeric.DOUBLES)
    assert certify(of, at, "gradient").bits == BALLS[0]


def test_few_components_are_computed_in_balls():
    for n, bits in ((forward.FEW - 1, BALLS[0]), (forward.FEW, numeric.DOUBLES)):
        of, at = made(lambda xp, x: xp.sum(x * x), np.linspace(1, 2, n))
        assert certify(of, at, "gradient").bits == bits


def test_a_machine_that_rounds_otherwise_has_balls_alone(monkeypatch):
    monkeypatch.setattr(machine, "usable", lambda: False)
    of, at = made(lambda xp, x: xp.sum(x * x), np.linspace(1, 2, forward.FEW))
    assert certify(of, at, "gradient").bits == BALLS[0]


def test_components_that_are_not_narrow_are_found_again_in_balls(monkeypatch):
    """A component far below what is added up beside it, of which slices leave little."""
    monkeypatch.setattr(forward, "FEW", 0)
    given = np.array([[1.0, 1.0], [0.0, 1.0]])
    of = problem(at={"x": np.array([1e-30, 0.7])}, outputs=("y",))(lambda xp, x: x @ given)
    found = certify(of, built_in.argument(of), "value")
    assert found.bits in BALLS
    assert found.radius[0] < 1e-50


def test_what_is_kept_rests_on_the_code_of_doubles():
    """A change of any module of them makes a key of its own."""
    root = Path(identity.__file__).parents[1]
    counted = {path for pattern in identity.RULES for path in root.glob(pattern)}
    assert counted >= set((root / "reference").rglob("*.py"))
