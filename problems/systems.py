"""Systems: functions with several outputs, whose Jacobians are tall, wide, square or sparse."""

import numpy as np

from gradiometer import problem


@problem(
    at={"x": 3.0, "y": 4.0},
    outputs=("r", "theta"),
    source="M. Spivak, Calculus on Manifolds, Benjamin 1965, problem 3-41",
)
def polar_coordinates(xp, x, y):
    """r = √(x² + y²), θ = atan(y/x), for x > 0.

    The smallest Jacobian worth the name: two by two, and the inverse of a scaled rotation.
    """
    return xp.sqrt(x * x + y * y), xp.atan(y / x)


@polar_coordinates.backprop
def _(x, y, dr, dtheta):
    square = x * x + y * y
    r = square**0.5
    return dr * x / r - dtheta * y / square, dr * y / r + dtheta * x / square


@polar_coordinates.derivative("jvp")
def _(x, y, dx, dy):
    square = x * x + y * y
    return (x * dx + y * dy) / square**0.5, (x * dy - y * dx) / square


@polar_coordinates.derivative("jacobian")
def _(x, y):
    square = x * x + y * y
    r = square**0.5
    return np.array([[x / r, y / r], [-y / square, x / square]])


@problem(
    at=lambda side, rng: {
        "u": rng.uniform(0.5, 2.0, (side, side)),
        "v": rng.uniform(1.0, 4.0, (side, side)),
    },
    given={"a": 1.0, "b": 3.4, "alpha": 0.1},
    sizes=(2, 5, 16),
    outputs=("du", "dv"),
    source="E. Hairer and G. Wanner, Solving Ordinary Differential Equations II, Springer 1996; "
    "periodic as in the documentation of SciML's MethodOfLines, Brusselator",
)
def brusselator(xp, u, v, *, a, b, alpha):
    """u̇ = a + u²v − (b + 1)·u + α·Δu, v̇ = b·u − u²v + α·Δv, on a periodic grid of the unit square.

    The right-hand side of a reaction with diffusion, as an implicit solver sees it. Square and
    sparse: six of the entries in each row are not zero. A size is the grid points a side.
    """
    reaction = u * u * v
    rate = alpha * float(u.shape[0] ** 2)
    du = a + reaction - (b + 1.0) * u + rate * _laplacian(xp, u)
    dv = b * u - reaction + rate * _laplacian(xp, v)
    return du, dv


def _laplacian(xp, u):
    """Return the sum of the four neighbours less four times the value, periodic."""
    rows = xp.concat([u[1:], u[:1]], axis=0) + xp.concat([u[-1:], u[:-1]], axis=0)
    columns = xp.concat([u[:, 1:], u[:, :1]], axis=1) + xp.concat([u[:, -1:], u[:, :-1]], axis=1)
    return rows + columns - 4.0 * u


@brusselator.backprop
def _(u, v, ddu, ddv, *, a, b, alpha):
    rate, difference = alpha * len(u) ** 2, ddu - ddv
    dreaction_u, dreaction_v = 2.0 * u * v, u * u
    du = dreaction_u * difference - (b + 1.0) * ddu + b * ddv + rate * _rolled(ddu)
    return du, dreaction_v * difference + rate * _rolled(ddv)


def _rolled(u):
    """Return `_laplacian`, which is its own transpose."""
    turns = ((1, 0), (-1, 0), (1, 1), (-1, 1))
    return sum(np.roll(u, shift, axis) for shift, axis in turns) - 4.0 * u


@brusselator.derivative("jacobian")
def _(u, v, *, a, b, alpha):
    one = np.eye(len(u), dtype=u.dtype)
    line = np.roll(one, 1, axis=0) + np.roll(one, -1, axis=0) - 2.0 * one
    diffusion = alpha * len(u) ** 2 * (np.kron(line, one) + np.kron(one, line))
    dreaction_u, dreaction_v = (2.0 * u * v).ravel(), (u * u).ravel()
    return np.block([
        [diffusion + np.diag(dreaction_u - b - 1.0), np.diag(dreaction_v)],
        [np.diag(b - dreaction_u), diffusion - np.diag(dreaction_v)],
    ])  # fmt: skip


@problem(
    at={"alpha": 1.5, "beta": 1.0, "gamma": 3.0, "delta": 1.0, "prey": 1.0, "predators": 1.0},
    given=lambda size, rng: {"steps": np.full(size, 0.1)},
    sizes=(1, 3, 10),
    outputs=("prey_after", "predators_after"),
    source="V. Volterra, Fluctuations in the Abundance of a Species considered Mathematically, "
    "Nature 118 (1926); the point is that of SciMLSensitivity's Getting Started",
)
def lotka_volterra(xp, alpha, beta, gamma, delta, prey, predators, *, steps):
    """ẋ = x·(α − β·y), ẏ = y·(δ·x − γ), by as many Runge-Kutta steps of order 4.

    Sensitivities of a trajectory in its parameters and its start; a size is the number of steps.
    Scalars only, in a loop: a long program of small operations.
    """
    x, y = prey, predators
    for k in range(steps.shape[0]):
        h = steps[k]
        dx1, dy1 = _growth(alpha, beta, gamma, delta, x, y)
        dx2, dy2 = _growth(alpha, beta, gamma, delta, x + 0.5 * h * dx1, y + 0.5 * h * dy1)
        dx3, dy3 = _growth(alpha, beta, gamma, delta, x + 0.5 * h * dx2, y + 0.5 * h * dy2)
        dx4, dy4 = _growth(alpha, beta, gamma, delta, x + h * dx3, y + h * dy3)
        x = x + h / 6.0 * (dx1 + 2.0 * (dx2 + dx3) + dx4)
        y = y + h / 6.0 * (dy1 + 2.0 * (dy2 + dy3) + dy4)
    return x, y


def _growth(alpha, beta, gamma, delta, x, y):
    return x * (alpha - beta * y), y * (delta * x - gamma)


NODES = ((0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0))
"""Of each stage: how far along the last one's slope it is taken, and six times its weight."""


def _step(alpha, beta, gamma, delta, x, y, h):
    """Return the states at which a step's slopes are taken, and the state after it."""
    stages, slope_x, slope_y, sum_x, sum_y = [], 0.0, 0.0, 0.0, 0.0
    for node, weight in NODES:
        at_x, at_y = x + node * h * slope_x, y + node * h * slope_y
        stages.append((at_x, at_y))
        slope_x, slope_y = _growth(alpha, beta, gamma, delta, at_x, at_y)
        sum_x += weight * slope_x
        sum_y += weight * slope_y
    return stages, x + h / 6.0 * sum_x, y + h / 6.0 * sum_y


@lotka_volterra.backprop
def _(alpha, beta, gamma, delta, prey, predators, dx, dy, *, steps):
    tape, x, y = [], prey, predators
    for h in steps.tolist():
        stages, x, y = _step(alpha, beta, gamma, delta, x, y, h)
        tape.append((h, stages))

    dalpha = dbeta = dgamma = ddelta = 0.0
    for h, stages in reversed(tape):
        start_x, start_y, later_x, later_y = dx, dy, 0.0, 0.0
        for (node, weight), (x, y) in zip(reversed(NODES), reversed(stages), strict=True):
            slope_x = h / 6.0 * weight * dx + later_x
            slope_y = h / 6.0 * weight * dy + later_y
            dalpha += slope_x * x
            dbeta -= slope_x * x * y
            dgamma -= slope_y * y
            ddelta += slope_y * x * y
            met = delta * slope_y - beta * slope_x
            taken_x, taken_y = alpha * slope_x + met * y, met * x - gamma * slope_y
            start_x, start_y = start_x + taken_x, start_y + taken_y
            later_x, later_y = node * h * taken_x, node * h * taken_y
        dx, dy = start_x, start_y
    return dalpha, dbeta, dgamma, ddelta, dx, dy


@problem(
    at=lambda joints, rng: {"theta": rng.uniform(-1.0, 1.0, joints) / joints**0.5},
    given=lambda joints, rng: {"length": rng.uniform(0.5, 1.5, joints) / joints},
    sizes=(2, 7, 30),
    outputs=("x", "y", "phi"),
    source="K. M. Lynch and F. C. Park, Modern Robotics, Cambridge University Press 2017, ch. 4",
)
def robot_arm(xp, theta, *, length):
    """x = Σ ℓᵢ·cos φᵢ, y = Σ ℓᵢ·sin φᵢ, φᵢ = θ₁ + … + θᵢ, φ = φₖ.

    Where the hand of a planar arm is, and how it is turned: three outputs of k joints, a wide
    Jacobian. A size is the number of joints.
    """
    x = y = phi = 0.0
    for i in range(theta.shape[0]):
        phi = phi + theta[i]
        x = x + length[i] * xp.cos(phi)
        y = y + length[i] * xp.sin(phi)
    return x, y, phi


@robot_arm.backprop
def _(theta, dx, dy, dphi, *, length):
    return (np.array([dx, dy, dphi]) @ _arm_jacobian(theta, length=length),)


@robot_arm.derivative("jacobian")
def _arm_jacobian(theta, *, length):
    """Return the rows of x, y and φ: each joint turns all that is behind it."""
    phi = np.cumsum(theta)
    behind_x = np.cumsum((length * np.cos(phi))[::-1])[::-1]
    behind_y = np.cumsum((length * np.sin(phi))[::-1])[::-1]
    return np.stack([-behind_y, behind_x, np.ones_like(theta)])
