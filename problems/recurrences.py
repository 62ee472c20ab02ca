"""Recurrences: one short step, repeated, so that the program is long and its source is not."""

import math

import numpy as np

from gradiometer import problem


def _parse(size):
    """Return the widths of input, state and output, and the steps, of a size like `4-10-2x10`."""
    widths, _, steps = size.partition("x")
    return *map(int, widths.split("-")), int(steps)


def _weights(size, rng):
    inputs, state, outputs, _ = _parse(size)
    return {
        "W_in": rng.standard_normal((inputs, state)) / math.sqrt(inputs),
        "W_state": rng.standard_normal((state, state)) / math.sqrt(state),
        "b_state": 0.1 * rng.standard_normal(state),
        "W_out": rng.standard_normal((state, outputs)) / math.sqrt(state),
        "b_out": 0.1 * rng.standard_normal(outputs),
    }


def _sequence(size, rng):
    inputs, _, outputs, steps = _parse(size)
    return {"x": rng.standard_normal((steps, inputs)), "y": rng.standard_normal((steps, outputs))}


@problem(
    at=_weights,
    given=_sequence,
    sizes=("1-2-1x3", "4-10-2x10", "8-32-4x30"),
    source="P. J. Werbos, Backpropagation through time: what it does and how to do it, Proceedings "
    "of the IEEE 78 (1990)",
)
def rnn(xp, W_in, W_state, b_state, W_out, b_out, *, x, y):
    """L = ½·Σₜ ‖hₜ·W_out + b_out − yₜ‖², hₜ = tanh(xₜ·W_in + hₜ₋₁·W_state + b_state), h₀ = 0.

    A recurrent network with an output at each step; a size is the widths of input, state and
    output, and the steps. Each step is a few microseconds of work, in a chain that cannot be split.
    """
    driven = x @ W_in + b_state
    states = [xp.tanh(driven[:1])]
    for t in range(1, x.shape[0]):
        states.append(xp.tanh(driven[t : t + 1] + states[-1] @ W_state))
    r = xp.concat(states, axis=0) @ W_out + b_out - y
    return 0.5 * xp.sum(r * r)


@rnn.backprop
def _(W_in, W_state, b_state, W_out, b_out, *, x, y):
    h = x @ W_in + b_state
    h[0] = np.tanh(h[0])
    for t in range(1, len(x)):
        h[t] = np.tanh(h[t] + h[t - 1] @ W_state)

    r = h @ W_out + b_out - y
    dh = r @ W_out.T
    slope = 1.0 - h * h
    dz = slope * dh
    for t in range(len(x) - 2, -1, -1):
        dz[t] += slope[t] * (W_state @ dz[t + 1])
    return x.T @ dz, h[:-1].T @ dz[1:], dz.sum(axis=0), h.T @ r, r.sum(axis=0)


@problem(
    at={"a": 720.0},
    also_at=({"a": 2.0}, {"a": 5000.0}),
    given=lambda size, rng: {"x": 27.0, "omega": np.full(size, 0.5)},
    sizes=(2, 10, 30),
    source="Heron of Alexandria, Metrica I.8, where the root of 720 is found from 27",
)
def newton_sqrt(xp, a, *, x, omega):
    """y = x_K, xₖ₊₁ = (1 − ωₖ)·xₖ + ωₖ·a/xₖ, all ωₖ = ½: the mean, which tends to √a.

    Differentiates the iteration, not its limit; that the derivative tends to 1/(2√a) is a theorem.
    A size is the number K of iterations.
    """
    for k in range(omega.shape[0]):
        x = (1.0 - omega[k]) * x + omega[k] * (a / x)
    return x


@newton_sqrt.backprop
def _(a, *, x, omega):
    iterates = []
    for w in omega.tolist():
        iterates.append(x)
        x += w * (a / x - x)

    dx, da = 1.0, 0.0
    for x, w in zip(reversed(iterates), reversed(omega.tolist()), strict=True):
        da += dx * w / x
        dx *= 1.0 - w - w * a / (x * x)
    return (da,)


@newton_sqrt.derivative("hessian")
def _(a, *, x, omega):
    dx, ddx = 0.0, 0.0  # derivatives of the iterate in a
    for w in omega.tolist():
        q = a / x
        dq = (1.0 - q * dx) / x
        ddq = -(2.0 * dq * dx + q * ddx) / x
        x, dx, ddx = x + w * (q - x), dx + w * (dq - dx), ddx + w * (ddq - ddx)
    return np.array([[ddx]])
