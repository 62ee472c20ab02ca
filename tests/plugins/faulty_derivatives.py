"""Derivatives that go wrong, one way each, beside right ones that are native or derived."""

import numpy as np

from gradiometer import Method, Namespace, Unsupported, problem


@problem(at={"x": 1.5, "y": 0.7}, outputs=("a", "b"))
def saddle(xp, x, y):
    """a = x·y, b = sin(y) + x², nothing wrong with it."""
    return x * y, xp.sin(y) + x * x


@saddle.derivative("jacobian")
def _(x, y):
    return np.array([[y, x], [2.0 * x, np.cos(y)]])


@saddle.derivative("jvp")
def _(x, y, dx, dy):
    return y * dx + x * dy, 2.0 * x * dx + np.cos(y) * dy


@saddle.derivative("vjp")
def _(x, y, da, db):
    return y * da + 2.0 * x * db, x * da + np.cos(y) * db


@problem(at={"x": [1.5, -0.5], "unused": 1.0})
def bowl(xp, x, unused):
    """f = exp(x₀)·x₁², whatever else it is given."""
    return xp.exp(x[0]) * x[1] * x[1]


@bowl.derivative("gradient")
def _(x, unused):
    e = np.exp(x[0])
    return np.array([e * x[1] * x[1], 2.0 * e * x[1]]), 0.0


@bowl.derivative("hessian")
def _(x, unused):
    e = np.exp(x[0])
    H = np.zeros((3, 3))
    H[:2, :2] = [[e * x[1] * x[1], 2.0 * e * x[1]], [2.0 * e * x[1], 2.0 * e]]
    return H


@bowl.derivative("hvp")
def _(x, unused, dx, dunused):
    e = np.exp(x[0])
    H = np.array([[e * x[1] * x[1], 2.0 * e * x[1]], [2.0 * e * x[1], 2.0 * e]])
    return H @ dx, 0.0


@problem(at={"x": 2.0, "y": 3.0})
def affine(xp, x, y):
    """f = 3·x − y, whose second derivatives vanish."""
    return 3.0 * x - y


@affine.derivative("hessian")
def _(x, y):
    return np.zeros((2, 2))


@affine.derivative("hvp")
def _(x, y, dx, dy):
    return 0.0, 0.0


@problem(at={"x": 2.0}, outputs=("a", "b", "c"))
def one_output_short(xp, x):
    """Returns two outputs of the three that it names."""
    return x, 2.0 * x


@problem(at=lambda size, rng: {"x": rng.uniform(1.0, 2.0, size)}, sizes=(1000,))
def too_wide(xp, x):
    """f = Σ x³, whose Hessian has a million entries."""
    return xp.sum(x * x * x)


class _ByHand(Method):
    """The problem's own derivatives, as right answers to spoil."""

    mode = "manual"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return a

    def _written(self, f, operator):
        if operator not in f.problem.derivatives:
            raise Unsupported(f"{f.problem.name} has no hand-coded {operator}.")
        written = f.problem.derivatives[operator]

        def call(inputs, given, *directions):
            arguments = [v for direction in directions for v in direction]
            return self.spoil(operator, written(*inputs, *arguments, **given))

        return call

    def spoil(self, operator, answer):
        return answer

    def gradient(self, f):
        return self._written(f, "gradient")

    def jacobian(self, f):
        return self._written(f, "jacobian")

    def hessian(self, f):
        return self._written(f, "hessian")

    def jvp(self, f):
        return self._written(f, "jvp")

    def vjp(self, f):
        return self._written(f, "vjp")

    def hvp(self, f):
        return self._written(f, "hvp")


class AllRight(_ByHand):
    """Nothing wrong."""

    name = "all-right"


class PullsOnly(_ByHand):
    """Has a pullback, and nothing else."""

    name = "pulls-only"

    def jacobian(self, f):
        raise Unsupported("There are only pullbacks here.")

    jvp = gradient = hessian = hvp = jacobian


class Transposed(_ByHand):
    """The Jacobian's transpose."""

    name = "transposed"

    def spoil(self, operator, answer):
        return answer.T if operator == "jacobian" else answer


class HalfDiagonal(_ByHand):
    """A Hessian with half the weight on its diagonal."""

    name = "half-diagonal"

    def spoil(self, operator, answer):
        return answer - 0.5 * np.diag(np.diag(answer)) if operator == "hessian" else answer


class WrongSign(_ByHand):
    """Pushes against the tangents."""

    name = "wrong-sign"

    def spoil(self, operator, answer):
        return tuple(-part for part in answer) if operator in ("jvp", "hvp") else answer


class ForgetsAnOutput(_ByHand):
    """Pulls the first output's cotangent back, and no other."""

    name = "forgets-an-output"

    def vjp(self, f):
        right = super().vjp(f)
        return lambda inputs, given, w: right(inputs, given, (w[0], 0.0 * w[1]))


class StaleDirection(_ByHand):
    """Uses the directions of its first call, in preparation, whatever it is called with."""

    name = "stale-direction"

    def _written(self, f, operator):
        right, kept = super()._written(f, operator), []

        def call(inputs, given, *directions):
            kept.append(directions)
            return right(inputs, given, *kept[0])

        return call


class ForThem(_ByHand):
    """Says `None` of an input that is not used."""

    name = "for-them"

    def spoil(self, operator, answer):
        return (answer[0], None) if operator in ("gradient", "hvp") else answer


class Reluctant(_ByHand):
    """Declines Hessians, and needs a thousand million primals for a Jacobian."""

    name = "reluctant"

    def declines(self, operator, n, m):
        return f"{operator} of {n} inputs and {m} outputs" if operator == "hessian" else None

    def evaluations(self, operator, n, m):
        return 10**9 if operator == "jacobian" else None
