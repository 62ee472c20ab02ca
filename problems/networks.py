"""Networks: dense layers with array parameters, from a size for pencil and paper upwards."""

import itertools

import numpy as np

from gradiometer import problem


def _parse(size):
    """Return the layers' widths and the batch of a size like `10-50-50-1x32`."""
    widths, _, batch = size.partition("x")
    return [int(w) for w in widths.split("-")], int(batch)


def _parameters(size, rng):
    widths, batch = _parse(size)
    return {"x": rng.standard_normal((batch, widths[0]))} | _layers(widths, rng)


def _layers(widths, rng):
    """Return the weights and biases of dense layers of these widths."""
    drawn = {}
    for k, (fan_in, fan_out) in enumerate(itertools.pairwise(widths), start=1):
        drawn[f"W{k}"] = rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)
        drawn[f"b{k}"] = 0.1 * rng.standard_normal(fan_out)
    return drawn


def _target(size, rng):
    widths, batch = _parse(size)
    return {"y": rng.standard_normal((batch, widths[-1]))}


@problem(
    at=_parameters,
    given=_target,
    sizes=("2-3-1x1", "10-50-50-1x32", "64-256-256-10x64"),
    larger=("784-1024-256-10x64", "1024-2048-2048-1000x32"),
    source="MIE590-690D, Supplement 2: backpropagation for an MLP with K layers; "
    "K. P. Murphy, Probabilistic Machine Learning: An Introduction, MIT Press 2022, §13.3",
)
def mlp(xp, x, *theta, y):
    """L = ½‖y − (h_K₋₁·W_K + b_K)‖², hₖ = tanh(hₖ₋₁·Wₖ + bₖ), h₀ = x, summed over the batch.

    K dense layers; a size is the layers' widths and the batch. Differentiated in x and in every
    weight and bias, as the source's general algorithm is.
    """
    h = x
    for k in range(0, len(theta) - 2, 2):
        a = h @ theta[k] + theta[k + 1]
        h = xp.tanh(a)
    r = h @ theta[-2] + theta[-1] - y
    return 0.5 * xp.sum(r * r)


@mlp.backprop
def _(x, *theta, y):
    h = [x]
    for k in range(0, len(theta) - 2, 2):
        h.append(np.tanh(h[-1] @ theta[k] + theta[k + 1]))

    dz = h[-1] @ theta[-2] + theta[-1] - y
    gradients = []
    for k in reversed(range(len(h))):
        gradients += [dz.sum(axis=0), h[k].T @ dz]
        dh = dz @ theta[2 * k].T
        dz = dh * (1.0 - h[k] * h[k]) if k else dh
    return dz, *reversed(gradients)


def _network(size, rng):
    widths = [int(w) for w in size.split("-")]
    return {"x": rng.standard_normal(widths[0])} | _layers(widths, rng)


@problem(
    at=_network,
    sizes=("2-3-2", "8-12-4", "20-50-10"),
    outputs=("y",),
    source="C. M. Bishop, Pattern Recognition and Machine Learning, Springer 2006, §5.3.4",
)
def mlp_outputs(xp, x, *theta):
    """y = h_K₋₁·W_K + b_K, hₖ = tanh(hₖ₋₁·Wₖ + bₖ), h₀ = x.

    What a network's outputs owe to its input and to every weight: few outputs, many inputs. A size
    is the layers' widths.
    """
    h = x[None, :]
    for k in range(0, len(theta) - 2, 2):
        h = xp.tanh(h @ theta[k] + theta[k + 1])
    return (h @ theta[-2] + theta[-1])[0]


@mlp_outputs.backprop
def _(x, *arguments):
    *theta, dy = arguments
    return [rows[0] for rows in _pull_back(x, theta, dy[None, :])]


@mlp_outputs.derivative("jacobian")
def _(x, *theta):
    blocks = _pull_back(x, theta, np.eye(theta[-1].size, dtype=x.dtype))
    return np.concatenate([block.reshape(len(block), -1) for block in blocks], axis=1)


def _pull_back(x, theta, dz):
    """Return what several cotangents, the rows of `dz`, are pulled back to in each input."""
    h = [x]
    for k in range(0, len(theta) - 2, 2):
        h.append(np.tanh(h[-1] @ theta[k] + theta[k + 1]))

    blocks = []
    for k in reversed(range(len(h))):
        blocks += [dz, h[k][:, None] * dz[:, None, :]]
        dh = dz @ theta[2 * k].T
        dz = dh * (1.0 - h[k] * h[k]) if k else dh
    return dz, *reversed(blocks)
