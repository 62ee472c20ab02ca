"""Methods that only look right, and problems on which they do.

Each class is a fault of its own, beside those of `gradiometer.conformance.wrong`; `VERDICTS` says
how a cell of it must end. `test_dishonest.py` runs both files as any plugin file is run.
"""

from __future__ import annotations

import functools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer import problem
from gradiometer.conformance import wrong
from gradiometer.conformance.wrong import (
    Counts,
    Flaky,
    HalfDiagonal,
    Honest,
    OneBranch,
    Remembers,
    Single,
    Spoils,
    Transposed,
    WrongWhen,
    Zeros,
)

FILES = [Path(__file__), Path(wrong.__file__)]

SIZE = 3000
"""Inputs of a problem whose derivative takes long enough to be worth remembering."""


@problem(at=lambda size, rng: {"x": rng.standard_normal(SIZE)}, given={"k": np.full(3, 0.5)})
def wide(xp: Any, x: Any, *, k: Any) -> Any:
    """f = Σ sin(x)² + k₀·x, for vectors."""
    return xp.sum(xp.sin(x) * xp.sin(x) + k[0] * x)


@wide.backprop
def _(x: Any, *, k: Any) -> Any:
    return (2.0 * np.sin(x) * np.cos(x) + k[0],)


@problem(at={"x": 1.5})
def two_branches(xp: Any, x: Any) -> Any:
    """f = x² above zero, −3·x below; its point is fixed."""
    return xp.where(x > 0.0, x * x, -3.0 * x)


@two_branches.backprop
def _(x: Any) -> Any:
    return (2.0 * x if x > 0.0 else -3.0,)


@problem(at={"x": 1.0})
def far_branch(xp: Any, x: Any) -> Any:
    """f = x² up to twenty, 40·x − 400 beyond."""
    return xp.where(x > 20.0, 40.0 * x - 400.0, x * x)


@far_branch.backprop
def _(x: Any) -> Any:
    return (40.0 if x > 20.0 else 2.0 * x,)


@problem(at={"x": 0.0})
def at_zero(xp: Any, x: Any) -> Any:
    """f = exp(x) + 2·x, whose point is zero and fixed."""
    return xp.exp(x) + 2.0 * x


@at_zero.backprop
def _(x: Any) -> Any:
    return (np.exp(x) + 2.0,)


@problem(at={"A": [[1.0, 2.0], [3.0, 5.0]], "b": [0.5, -2.0]}, outputs=("y", "z"))
def mixed(xp: Any, A: Any, b: Any) -> Any:
    """y = A·b, z = A₀₀·b₁, whose Jacobian is neither symmetric nor square."""
    return A @ b, A[0, 0] * b[1]


@mixed.derivative("jacobian")
def _(A: Any, b: Any) -> Any:
    y = np.zeros((3, 6))
    y[0, :2] = y[1, 2:4] = b
    y[:2, 4:] = A
    y[2, 0], y[2, 5] = b[1], A[0, 0]
    return y


@problem(at={"x": [0.3, -1.1, 0.7]})
def coupled(xp: Any, x: Any) -> Any:
    """f = x₀²·x₁ + x₁·x₂², whose Hessian has a diagonal and more."""
    return x[0] * x[0] * x[1] + x[1] * x[2] * x[2]


@coupled.derivative("hessian")
def _(x: Any) -> Any:
    a, b, c = 2 * x
    return np.array([[b, a, 0.0], [a, 0.0, c], [0.0, c, b]])


@coupled.derivative("hvp")
def _(x: Any, v: Any) -> Any:
    return (coupled.derivatives["hessian"](x) @ v,)


@coupled.backprop
def _(x: Any) -> Any:
    return (np.array([2 * x[0] * x[1], x[0] ** 2 + x[2] ** 2, 2 * x[1] * x[2]]),)


# What remembers


class RemembersObjects(Remembers):
    name = "remembers-by-id"

    def __init__(self) -> None:
        self.alive: list[Any] = []

    def key(self, x: Any) -> Any:
        self.alive.append(x)  # no other object gets its id
        return id(x)


class RemembersIds(Remembers):
    name = "remembers-by-id-of-what-is-gone"

    def key(self, x: Any) -> Any:
        return id(x)


class RemembersRounded(Remembers):
    name = "remembers-rounded"

    def key(self, x: Any) -> Any:
        return np.round(x, 5).tobytes()


class RemembersOneNumber(Remembers):
    name = "remembers-by-the-first-component"

    def key(self, x: Any) -> Any:
        return float(x.flat[0])


class RemembersFew(Honest):
    name = "remembers-the-last-five"

    def operator(self, f: Any, name: str) -> Any:
        right = f.problem.derivatives[name]

        @functools.lru_cache(maxsize=5)
        def kept(x: bytes, k: bytes) -> Any:
            return right(np.frombuffer(x), k=np.frombuffer(k))

        return lambda x, *, k: kept(x.tobytes(), k.tobytes())


# What is wrong somewhere, or now and then


class FarBranch(WrongWhen):
    name = "wrong-beyond-twenty"

    def wrong(self, args: Any) -> bool:
        return bool(np.max(args[0]) > 20.0)


class AwayFromZero(WrongWhen):
    name = "wrong-away-from-zero"

    def wrong(self, args: Any) -> bool:
        return bool(np.any(args[0] != 0.0))


class EveryThird(Counts):
    name = "wrong-every-third-time"

    def at(self, call: int) -> bool:
        return call % 3 == 1


class Random(Counts):
    name = "wrong-one-time-in-three"

    def at(self, call: int) -> bool:
        return random.Random(call).random() < 1 / 3


class Tires(Counts):
    name = "wrong-after-a-hundred-calls"

    def at(self, call: int) -> bool:
        return call > 100


class InAHurry(WrongWhen):
    name = "wrong-when-called-in-a-loop"

    def __init__(self) -> None:
        self.last: list[float] = [0.0] * 8

    def wrong(self, args: Any) -> bool:
        self.last = [*self.last[1:], time.perf_counter()]
        return self.last[-1] - self.last[0] < 8 * 150e-6


class PreviousCall(Honest):
    name = "answers-the-previous-call"

    def __init__(self) -> None:
        self.previous: Any = None

    def spoil(self, answer: Any, args: Any) -> Any:
        previous, self.previous = self.previous, answer
        return previous or answer


class FirstAnswer(Honest):
    name = "answers-as-at-first"

    def __init__(self) -> None:
        self.first: dict[int, Any] = {}

    def spoil(self, answer: Any, args: Any) -> Any:
        return self.first.setdefault(len(np.ravel(args[0])), answer)


class FrozenConstants(Honest):
    name = "keeps-the-constants-of-preparation"

    def operator(self, f: Any, name: str) -> Any:
        right, given = f.problem.derivatives[name], f.point.given
        return lambda *args, **_: right(*args, **given)


# What changes what it is given


class Accumulates(Honest):
    name = "changes-its-input"

    def spoil(self, answer: Any, args: Any) -> Any:
        args[0][...] += 1e-9
        return answer


class ChangesConstants(Honest):
    name = "changes-a-constant"

    def operator(self, f: Any, name: str) -> Any:
        right = f.problem.derivatives[name]

        def operator(x: Any, *, k: Any) -> Any:
            answer = right(x, k=k)
            k[2] += 1.0
            return answer

        return operator


class ChangesDirections(Honest):
    name = "changes-a-direction"

    def spoil(self, answer: Any, args: Any) -> Any:
        args[-1][...] = 0.0
        return answer


class ChangesLater(Honest):
    name = "changes-its-input-after-a-hundred-calls"

    def __init__(self) -> None:
        self.calls = 0

    def spoil(self, answer: Any, args: Any) -> Any:
        self.calls += 1
        if self.calls == 100:
            args[0][0] = np.nextafter(args[0][0], np.inf)
        return answer


# What answers wrongly


class Negated(Spoils):
    name = "negated"

    def part(self, a: Any) -> Any:
        return -a


class Doubled(Spoils):
    name = "doubled"

    def part(self, a: Any) -> Any:
        return 2.0 * a


class Permuted(Spoils):
    name = "permuted"

    def part(self, a: Any) -> Any:
        return np.roll(a, 1, axis=0)


class OneComponent(Spoils):
    name = "one-wrong-component"

    def part(self, a: Any) -> Any:
        a = np.array(a)
        a.flat[-1] += 1e-9
        return a


class NotANumber(Spoils):
    name = "nan-in-one-component"

    def part(self, a: Any) -> Any:
        a = np.array(a)
        a.flat[-1] = np.nan
        return a


class Complex(Spoils):
    name = "complex-answers"

    def part(self, a: Any) -> Any:
        return a + 1e-8j


class Flat(Spoils):
    name = "another-shape"

    def part(self, a: Any) -> Any:
        return np.reshape(a, (1, -1))


class Nothing(Honest):
    name = "answers-nothing"

    def spoil(self, answer: Any, args: Any) -> Any:
        return None


class Text(Spoils):
    name = "answers-text"

    def part(self, a: Any) -> Any:
        return a.astype(str)


# What promises what cannot be


class Excused(Zeros):
    name, digits = "promises-less-than-nothing", {"float64": (-20.0, -20.0)}


class NoPromise(Zeros):
    name, digits = "promises-nan", {"float64": (float("nan"), float("nan"))}


class Boasts(Honest):
    name, digits = "promises-infinitely-many", {"float64": (float("inf"), 11.0)}


class Rough(Spoils):
    """Promises eight digits in the norm, and has five."""

    name, exact, digits = "keeps-no-promise", False, {"float64": (8.0, 8.0)}

    def part(self, a: Any) -> Any:
        return (1.0 + 1e-5) * a


# What lets others do the work


class Certified(Honest):
    name = "asks-the-reference"

    def gradient(self, f: Any) -> Any:
        from gradiometer.reference.certify import certify

        raise AssertionError(certify)


class CertifiedByRequest(Honest):
    name = "asks-the-reference-by-a-request"

    def gradient(self, f: Any) -> Any:
        from gradiometer.worker import requests

        return lambda *args, **given: requests.certify(None, None, None, "gradient")  # type: ignore[arg-type]


class Later(Honest):
    name = "computes-in-result"

    def gradient(self, f: Any) -> Any:
        right = f.problem.derivatives["gradient"]
        return lambda *args, **given: functools.partial(right, *args, **given)

    def result(self, native: Any) -> Any:
        return native()


class Before(Honest):
    name = "computes-in-arguments"

    def gradient(self, f: Any) -> Any:
        self.right = f.problem.derivatives["gradient"]
        return lambda answer: answer

    def arguments(self, inputs: Any, given: Any, *directions: Any) -> Any:
        return (self.right(*inputs, **given),), {}


class Unawaited(Honest):
    name = "returns-before-it-is-done"

    def __init__(self) -> None:
        self.pool: Any = None

    def __getstate__(self) -> Any:
        return {"pool": None}

    def gradient(self, f: Any) -> Any:
        right = f.problem.derivatives["gradient"]
        self.pool = ThreadPoolExecutor(1)
        lock = threading.Lock()

        def slowly(*args: Any, **given: Any) -> Any:
            with lock:
                time.sleep(1e-3)
                return right(*args, **given)

        return lambda *args, **given: self.pool.submit(slowly, *args, **given)

    def result(self, native: Any) -> Any:
        return native.result()


WIDE, BRANCH, FAR = "wide/gradient", "two-branches/gradient", "far-branch/gradient"
ZERO = "at-zero/gradient"
JACOBIAN, HESSIAN, HVP = "mixed/jacobian", "coupled/hessian", "coupled/hvp"

VERDICTS: dict[tuple[str, str], tuple[str, str]] = {
    (Remembers.name, WIDE): ("memoises", "times slower at a point that is new to it"),
    (RemembersObjects.name, WIDE): ("memoises", "remembered, not computed"),
    (RemembersIds.name, WIDE): ("disagrees|memoises", ""),
    (RemembersRounded.name, WIDE): ("memoises", "times slower"),
    (RemembersOneNumber.name, WIDE): ("memoises", "times slower"),
    (RemembersFew.name, WIDE): ("memoises", "times slower"),
    (OneBranch.name, BRANCH): ("disagrees", r"^at point \d of \d: 3.0 digits, 12 promised"),
    (OneBranch.name, WIDE): ("disagrees", "3.0 digits"),
    (FarBranch.name, FAR): ("disagrees", r"^at point \d of \d: 3.0 digits"),
    (AwayFromZero.name, ZERO): ("disagrees", "^at point 2 of 3: 3.0 digits"),
    (EveryThird.name, WIDE): ("disagrees", "3.0 digits"),
    (Flaky.name, WIDE): ("disagrees", "right at first"),
    (Random.name, WIDE): ("disagrees", "3.0 digits"),
    (Tires.name, WIDE): ("disagrees", r"right at first, not after \d+ calls: "),
    (InAHurry.name, FAR): ("disagrees", r"right at first, not after \d+ calls: "),
    (PreviousCall.name, WIDE): ("disagrees", "largest error in x"),
    (FirstAnswer.name, WIDE): ("disagrees", "largest error in x"),
    (FrozenConstants.name, WIDE): ("disagrees", "largest error in x"),
    (Accumulates.name, WIDE): ("disagrees", "^a call changes x, which it is given$"),
    (ChangesConstants.name, WIDE): ("disagrees", "^a call changes k, which it is given$"),
    (ChangesDirections.name, HVP): ("disagrees", "^a call changes a direction, which it is given$"),
    (ChangesLater.name, WIDE): ("disagrees", "^a call changes an argument, which it is given$"),
    (Negated.name, JACOBIAN): ("disagrees", ""),
    (Doubled.name, HESSIAN): ("disagrees", ""),
    (Zeros.name, WIDE): ("disagrees", ""),
    (Single.name, WIDE): ("disagrees", ""),
    (Transposed.name, JACOBIAN): ("disagrees", ""),
    (Permuted.name, JACOBIAN): ("disagrees", ""),
    (HalfDiagonal.name, HESSIAN): ("disagrees", ""),
    (OneComponent.name, WIDE): ("disagrees", ""),
    (NotANumber.name, WIDE): ("nonfinite", r"1 of 3000 components not finite: x\[2999\]"),
    (Complex.name, WIDE): ("disagrees", "x is complex, real numbers expected"),
    (Flat.name, WIDE): ("disagrees", r"x has shape \(1, 3000\), \(3000,\) expected"),
    (Nothing.name, WIDE): ("disagrees|error", ""),
    (Text.name, WIDE): ("disagrees", "instead of numbers"),
    (Excused.name, WIDE): ("error", "expected those of a first and of a second derivative"),
    (NoPromise.name, WIDE): ("error", "promises .* each from 1 to 16"),
    (Boasts.name, WIDE): ("error", "promises .* each from 1 to 16"),
    (Rough.name, WIDE): ("disagrees", "5.0 digits, 8 promised"),
    (Certified.name, WIDE): ("error", "a method cannot use the reference"),
    (CertifiedByRequest.name, WIDE): ("error", "a method cannot use the reference"),
    (Later.name, WIDE): ("error", "^`arguments` and `result`, which are not timed, take"),
    (Before.name, WIDE): ("error", "compute in the call"),
    (Unawaited.name, FAR): ("error", "wait for what it returns"),
}
"""The status that a cell of a method must end with, and what its reason must say; cells of all
others are honest's, and right."""
