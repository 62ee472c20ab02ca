"""Classics of the literature on differentiation: functions whose derivatives have closed forms."""

import math

import numpy as np

from gradiometer import problem


@problem(
    at=lambda size, rng: {"x": np.exp(rng.standard_normal(size) / math.sqrt(size))},
    sizes=(10, 100, 1000),
    source="B. Speelpenning, Compiling Fast Partial Derivatives of Functions Given by Algorithms, "
    "PhD thesis, University of Illinois at Urbana-Champaign 1980",
)
def speelpenning(xp, x):
    """f = ∏ xᵢ.

    Written out, every derivative is a product of its own: n² multiplications, where the reverse
    mode needs 3n. The factors are near 1, so that f is.
    """
    return xp.prod(x)


@speelpenning.backprop
def _(x):
    one = np.ones(1, x.dtype)
    before = np.cumprod(np.concatenate([one, x[:-1]]))
    after = np.cumprod(np.concatenate([one, x[:0:-1]]))[::-1]
    return (before * after,)


@speelpenning.derivative("hessian")
def _(x):
    H = np.prod(x) / np.outer(x, x)
    np.fill_diagonal(H, 0.0)
    return H


def _mixture(size, rng):
    a = rng.uniform(0.5, 1.5, size)
    return {"A": np.sqrt(np.outer(a, a)), "b": rng.uniform(0.3, 0.7, size), "RT": 2.0}


ABOVE, BELOW = 1.0 + math.sqrt(2.0), 1.0 - math.sqrt(2.0)


@problem(
    at=lambda size, rng: {"x": rng.uniform(0.5, 1.5, size) / size},
    given=_mixture,
    sizes=(3, 30, 300),
    source="A. Griewank, On Automatic Differentiation, in: Mathematical Programming: Recent "
    "Developments and Applications, Kluwer 1989",
)
def helmholtz(xp, x, *, A, b, RT):
    """f = RT·Σ xᵢ·log(xᵢ/(1 − s)) − xᵀAx/(√8·s)·log((1 + (1 + √2)·s)/(1 + (1 − √2)·s)), s = bᵀx.

    The Helmholtz energy of n mixed gases, on which the cheap-gradient principle was demonstrated:
    a quadratic form and a few sums, all inputs in every term.
    """
    s = xp.sum(b * x)
    quadratic = xp.sum(x[:, None] * (A @ x[:, None]))
    ratio = (1.0 + ABOVE * s) / (1.0 + BELOW * s)
    ideal = xp.sum(x * xp.log(x / (1.0 - s)))
    return RT * ideal - quadratic / (math.sqrt(8.0) * s) * xp.log(ratio)


def _attraction(s):
    """Return g = log((1 + (1 + √2)·s)/(1 + (1 − √2)·s))/(√8·s) and its first two derivatives."""
    p, q = ABOVE / (1.0 + ABOVE * s), BELOW / (1.0 + BELOW * s)
    g = math.log((1.0 + ABOVE * s) / (1.0 + BELOW * s)) / (math.sqrt(8.0) * s)
    dg = ((p - q) / math.sqrt(8.0) - g) / s
    return g, dg, ((q * q - p * p) / math.sqrt(8.0) - 2.0 * dg) / s


@helmholtz.backprop
def _(x, *, A, b, RT):
    s = b @ x
    g, dg, _ = _attraction(s)
    Ax, xA = A @ x, x @ A
    ideal = np.log(x / (1.0 - s)) + 1.0 + x.sum() / (1.0 - s) * b
    return (RT * ideal - g * (Ax + xA) - (x @ Ax) * dg * b,)


@helmholtz.derivative("hessian")
def _(x, *, A, b, RT):
    s = b @ x
    g, dg, ddg = _attraction(s)
    Ax, xA = A @ x, x @ A
    mixed = np.add.outer(b, b) / (1.0 - s) + x.sum() / (1.0 - s) ** 2 * np.outer(b, b)
    cross = np.outer(Ax + xA, b)
    ideal = np.diag(1.0 / x) + mixed
    return RT * ideal - g * (A + A.T) - dg * (cross + cross.T) - (x @ Ax) * ddg * np.outer(b, b)


@problem(
    at=lambda size, rng: {"x": np.resize([-1.2, 1.0], size) + 0.1 * rng.standard_normal(size)},
    sizes=(2, 10, 100, 1000),
    source="H. H. Rosenbrock, An automatic method for finding the greatest or least value of a "
    "function, Computer Journal 3 (1960); chained as scipy.optimize.rosen",
)
def rosenbrock(xp, x):
    """f = Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)².

    The banana valley, near its usual start (−1.2, 1). The Hessian is tridiagonal: a dense one is
    nearly all zeros.
    """
    r = x[1:] - x[:-1] * x[:-1]
    s = 1.0 - x[:-1]
    return xp.sum(100.0 * r * r + s * s)


@rosenbrock.backprop
def _(x):
    r = x[1:] - x[:-1] * x[:-1]
    dx = np.zeros_like(x)
    dx[1:] = 200.0 * r
    dx[:-1] -= 400.0 * r * x[:-1] + 2.0 * (1.0 - x[:-1])
    return (dx,)


@rosenbrock.derivative("hessian")
def _(x):
    diagonal, beside = _tridiagonal(x)
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


@rosenbrock.derivative("hvp")
def _(x, v):
    diagonal, beside = _tridiagonal(x)
    dv = diagonal * v
    dv[:-1] += beside * v[1:]
    dv[1:] += beside * v[:-1]
    return (dv,)


def _tridiagonal(x):
    """Return the diagonal of the Hessian of `rosenbrock`, and the one beside it."""
    diagonal = np.zeros_like(x)
    diagonal[1:] = 200.0
    diagonal[:-1] += 1200.0 * x[:-1] * x[:-1] - 400.0 * x[1:] + 2.0
    return diagonal, -400.0 * x[:-1]


@problem(
    at=lambda size, rng: {"x": 2.0 * rng.standard_normal(size)},
    sizes=(3, 10, 100, 1000),
    source="P. Blanchard, D. J. Higham and N. J. Higham, Accurately computing the log-sum-exp and "
    "softmax functions, IMA Journal of Numerical Analysis 41 (2021)",
)
def log_sum_exp(xp, x):
    """y = log Σ exp(xᵢ).

    The smooth maximum. The gradient is the softmax, which sums to one: its components shrink as n
    grows, and an absolute tolerance ends up passing zeros.
    """
    return xp.logsumexp(x)


@log_sum_exp.backprop
def _(x):
    return (_softmax(x),)


@log_sum_exp.derivative("hessian")
def _(x):
    p = _softmax(x)
    return np.diag(p) - np.outer(p, p)


@log_sum_exp.derivative("hvp")
def _(x, v):
    p = _softmax(x)
    return (p * (v - p @ v),)


def _softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


@problem(
    at=lambda size, rng: {"A": 2.0 * np.eye(size) + rng.uniform(-1.0, 1.0, (size, size))},
    sizes=(2, 3, 4, 5),
    source="CppAD documentation: det_by_minor, Determinant Using Expansion by Minors",
)
def determinant(xp, A):
    """d = Σⱼ (−1)ʲ·a₀ⱼ·det(A without row 0 and column j), expanded by minors down to scalars.

    A recursion over scalars, with about e·n! multiplications and no array operation: what a tool
    pays for each node is all there is to see.
    """
    n = A.shape[0]
    return _by_minors([[A[i, j] for j in range(n)] for i in range(n)])


def _by_minors(rows):
    first, *below = rows
    if not below:
        return first[0]
    terms = [a * _by_minors([r[:j] + r[j + 1 :] for r in below]) for j, a in enumerate(first)]
    return sum(terms[2::2], terms[0]) - sum(terms[3::2], terms[1])


@determinant.backprop
def _(A):
    return (np.linalg.det(A) * np.linalg.inv(A).T,)  # Jacobi's formula


@determinant.derivative("hessian")
def _(A):
    B = np.linalg.inv(A).T
    n = A.size
    H = np.multiply.outer(B, B) - np.einsum("il,kj->ijkl", B, B)
    return np.linalg.det(A) * H.reshape(n, n)


def _lattice(size, rng):
    side = math.ceil(size ** (1 / 3))
    sites = np.indices((side, side, side)).reshape(3, -1).T[:size]
    return {"x": 1.2 * sites + 0.05 * rng.standard_normal((size, 3))}


@problem(
    at=_lattice,
    given=lambda size, rng: {"pairs": np.triu(np.ones((size, size)), 1), "diagonal": np.eye(size)},
    sizes=(2, 10, 100),
    source="J. E. Lennard-Jones, Cohesion, Proceedings of the Physical Society 43 (1931)",
)
def lennard_jones(xp, x, *, pairs, diagonal):
    """E = 4·Σ_i<j (rᵢⱼ⁻¹² − rᵢⱼ⁻⁶), rᵢⱼ = ‖xᵢ − xⱼ‖.

    The energy of a cluster of atoms, whose gradient is the forces: steep powers, and sums that
    nearly cancel. `pairs` is 1 above the diagonal; `diagonal` keeps rᵢᵢ from zero.
    """
    d = x[:, None, :] - x[None, :, :]
    square = xp.sum(d * d, axis=2) + diagonal
    s = 1.0 / (square * square * square)
    return 4.0 * xp.sum(pairs * s * (s - 1.0))


@lennard_jones.backprop
def _(x, *, pairs, diagonal):
    d, square, s = _distances(x, diagonal)
    slope = -24.0 * (pairs + pairs.T) * s * (2.0 * s - 1.0) / square
    return (np.einsum("ij,ijk->ik", slope, d),)


@lennard_jones.derivative("hessian")
def _(x, *, pairs, diagonal):
    d, square, s = _distances(x, diagonal)
    both = pairs + pairs.T
    slope = -24.0 * both * s * (2.0 * s - 1.0) / square
    curvature = 48.0 * both * s * (14.0 * s - 4.0) / (square * square)
    blocks = np.einsum("ij,ijk,ijl->ijkl", curvature, d, d)
    blocks += slope[:, :, None, None] * np.eye(3, dtype=x.dtype)
    H = -blocks
    atoms = np.arange(len(x))
    H[atoms, atoms] = blocks.sum(axis=1)
    return H.transpose(0, 2, 1, 3).reshape(x.size, x.size)


def _distances(x, diagonal):
    """Return the differences of positions, the squares of distances, and their −3rd powers."""
    d = x[:, None, :] - x[None, :, :]
    square = np.einsum("ijk,ijk->ij", d, d) + diagonal
    return d, square, 1.0 / square**3
