"""Methods that nobody should trust: each has one fault, and a checker must find it.

They are right derivatives, written by hand with their problems, spoilt on the way out. See that
they are found:

    gradiometer conformance 'wrong-*' --plugins gradiometer.conformance.wrong --quick
    gradiometer run rosenbrock 'wrong-*' --plugins gradiometer.conformance.wrong --quick

Derive from `Honest` or `Spoils` to see whether another fault would be found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer import Method, Primal, Unsupported


class Honest(Method):
    """The problem's own derivatives, unspoilt: what all others are beside.

    Use it when a checker should have something to let through.
    """

    name, mode = "honest", "manual"

    def namespace(self) -> Any:
        """Return NumPy."""
        return np

    def array(self, a: Any) -> Any:
        """Return a copy."""
        return a.copy()

    def arguments(self, inputs: Any, given: Any, *directions: Any) -> Any:
        """Return the arguments of what a problem's author writes."""
        return (*inputs, *(v for each in directions for v in each)), given

    def value(self, f: Primal) -> Any:
        """Return the primal."""
        return lambda *inputs, **given: f(inputs, given)

    def operator(self, f: Primal, name: str) -> Callable[..., Any]:
        """Return an operator that the problem's author wrote, its answers spoilt."""
        right = self.right(f, name)
        return lambda *args, **given: self.spoil(right(*args, **given), args)

    def right(self, f: Primal, name: str) -> Callable[..., Any]:
        """Return an operator that the problem's author wrote.

        Raises:
            Unsupported: If there is none.
        """
        if name not in f.problem.derivatives:
            raise Unsupported(f"Problem {f.problem.name!r} has no hand-coded {name}.")
        return f.problem.derivatives[name]

    def gradient(self, f: Primal) -> Any:
        """Return the gradient."""
        return self.operator(f, "gradient")

    def jacobian(self, f: Primal) -> Any:
        """Return the Jacobian."""
        return self.operator(f, "jacobian")

    def hessian(self, f: Primal) -> Any:
        """Return the Hessian."""
        return self.operator(f, "hessian")

    def hvp(self, f: Primal) -> Any:
        """Return the product of Hessian and tangents."""
        return self.operator(f, "hvp")

    def spoil(self, answer: Any, args: Any) -> Any:
        """Return the answer to a call with `args`, spoilt."""
        return answer


class Spoils(Honest):
    """Spoils each array of an answer."""

    def spoil(self, answer: Any, args: Any) -> Any:
        """Return the answer with each of its arrays spoilt."""
        if isinstance(answer, np.ndarray):
            return self.part(answer)
        return tuple(map(self.part, answer))

    def part(self, a: Any) -> Any:
        """Return an array of the answer, spoilt."""
        raise NotImplementedError


class Zeros(Spoils):
    """Zeros, whatever is asked: the tape is cut."""

    name = "wrong-zeros"

    def part(self, a: Any) -> Any:
        """Return zeros."""
        return 0.0 * a


class OffBy(Spoils):
    """Off by a billionth: what no tolerance of a test would notice."""

    name = "wrong-by-a-billionth"

    def part(self, a: Any) -> Any:
        """Return what is nearly right."""
        return a * a.dtype.type(1.0 + 1e-9)


class Transposed(Spoils):
    """A matrix by columns, where rows were asked for."""

    name = "wrong-transposed"

    def part(self, a: Any) -> Any:
        """Return the matrix in another order, in the shape that is due."""
        return np.reshape(a.T, a.shape)


class Single(Spoils):
    """Numbers that went through float32 on their way."""

    name = "wrong-float32-inside"

    def part(self, a: Any) -> Any:
        """Return the numbers as float32 holds them."""
        return np.asarray(a, np.float32).astype(np.asarray(a).dtype)


class HalfDiagonal(Spoils):
    """A Hessian of which the diagonal is half: coefficients of a quadratic form."""

    name = "wrong-half-diagonal"

    def part(self, a: Any) -> Any:
        """Return a matrix with half its diagonal."""
        square = a.ndim == 2 and a.shape[0] == a.shape[1]
        return a - np.diag(np.diag(a)) / 2.0 if square else a


class Stale(Honest):
    """The derivative at the point of preparation, whatever the call is given."""

    name = "wrong-stale"

    def operator(self, f: Primal, name: str) -> Callable[..., Any]:
        """Return an operator that keeps the point, but not the directions."""
        right, point = self.right(f, name), f.point
        kept = tuple(point.inputs.values())
        return lambda *args, **given: right(*kept, *args[len(kept) :], **point.given)


class WrongWhen(Honest):
    """Off by a thousandth where `wrong` says so."""

    def wrong(self, args: Any) -> bool:
        """Return whether a call is answered wrongly."""
        raise NotImplementedError

    def spoil(self, answer: Any, args: Any) -> Any:
        """Return the answer, or what is off."""
        if not self.wrong(args):
            return answer
        whole = isinstance(answer, np.ndarray)
        return 1.001 * answer if whole else tuple(1.001 * part for part in answer)


class OneBranch(WrongWhen):
    """Right above zero, and not below: a branch that no test came to."""

    name = "wrong-below-zero"

    def wrong(self, args: Any) -> bool:
        """Return whether a component of the first input is negative."""
        return bool(np.min(args[0]) < 0.0)


class Counts(WrongWhen):
    """Knows how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def wrong(self, args: Any) -> bool:
        """Return whether the call of this number is answered wrongly."""
        self.calls += 1
        return self.at(self.calls)

    def at(self, call: int) -> bool:
        """Return whether the call of a number is answered wrongly."""
        raise NotImplementedError


class Flaky(Counts):
    """Wrong every seventh time, at whatever point."""

    name = "wrong-now-and-then"

    def at(self, call: int) -> bool:
        """Return whether it is a seventh call."""
        return call % 7 == 6


class Remembers(Honest):
    """Keeps answers by what `key` gives of the first input."""

    name = "wrong-remembers"

    def key(self, x: Any) -> Any:
        """Return what an answer is kept by."""
        return x.tobytes()

    def operator(self, f: Primal, name: str) -> Callable[..., Any]:
        """Return an operator that computes once for each key."""
        right, kept = self.right(f, name), {}

        def operator(*args: Any, **given: Any) -> Any:
            key = self.key(args[0])
            if key not in kept:
                kept[key] = right(*args, **given)
            return kept[key]

        return operator
