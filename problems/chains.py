"""Toy chains: scalar functions composed of a few elementary ones, each with its backward pass."""

import math

from gradiometer import problem

UDL = "S. J. D. Prince, Understanding Deep Learning, MIT Press 2023"


@problem(
    at={"x": -2.0, "y": 5.0, "z": -4.0},
    source="CS231n, Backpropagation, Intuitions: the circuit (x + y)·z",
)
def product_of_sum(xp, x, y, z):
    """f = (x + y)·z.

    The smallest graph with two kinds of node; every derivative is an integer.
    """
    q = x + y
    return q * z


@product_of_sum.backprop
def _(x, y, z):
    q = x + y
    dq = z
    return dq, dq, q


@problem(
    at={"x": 2.0, "a": 3.0, "b": 1.0},
    source="MIE590-690D, Supplement 2: Math Foundation, AutoDiff",
)
def sigmoid_affine(xp, x, a, b):
    """y = σ(a·x + b), the neuron of one input.

    Nearly saturated here, so that 1 − y loses three digits to cancellation.
    """
    z = a * x + b
    return xp.sigmoid(z)


@sigmoid_affine.backprop
def _(x, a, b):
    y = 1.0 / (1.0 + math.exp(-(a * x + b)))
    dz = y * (1.0 - y)
    return dz * a, dz * x, dz


@problem(
    at={
        "beta0": 1.0, "beta1": 2.0, "beta2": -3.0, "beta3": 0.4, "beta4": -0.3,
        "omega0": 0.1, "omega1": -0.4, "omega2": 2.0, "omega3": 3.0, "omega4": -0.5,
    },
    given={"x": 2.3},
    source=f"{UDL}: notebook CM20315 Gradients I",
)  # fmt: skip
def log_cos_exp_sin_chain(
    xp, beta0, beta1, beta2, beta3, beta4, omega0, omega1, omega2, omega3, omega4, *, x
):
    """y = β₄ + ω₄·log(β₃ + ω₃·cos(β₂ + ω₂·exp(β₁ + ω₁·sin(β₀ + ω₀·x)))).

    Ten parameters, four elementary functions; the source prints every intermediate value.
    """
    f0 = beta0 + omega0 * x
    h1 = xp.sin(f0)
    f1 = beta1 + omega1 * h1
    h2 = xp.exp(f1)
    f2 = beta2 + omega2 * h2
    h3 = xp.cos(f2)
    f3 = beta3 + omega3 * h3
    h4 = xp.log(f3)
    return beta4 + omega4 * h4


@log_cos_exp_sin_chain.backprop
def _(beta0, beta1, beta2, beta3, beta4, omega0, omega1, omega2, omega3, omega4, *, x):
    f0 = beta0 + omega0 * x
    h1 = math.sin(f0)
    h2 = math.exp(beta1 + omega1 * h1)
    f2 = beta2 + omega2 * h2
    h3 = math.cos(f2)
    f3 = beta3 + omega3 * h3
    h4 = math.log(f3)

    df3 = omega4 / f3
    df2 = -math.sin(f2) * omega3 * df3
    df1 = h2 * omega2 * df2
    df0 = math.cos(f0) * omega1 * df1
    return df0, df1, df2, df3, 1.0, df0 * x, df1 * h1, df2 * h2, df3 * h3, h4


@problem(
    at={
        "beta0": 1.0, "beta1": 2.0, "beta2": -3.0, "beta3": 0.4,
        "omega0": 0.1, "omega1": -0.4, "omega2": 2.0, "omega3": 3.0,
    },
    given={"x": 2.3, "y": 2.0},
    source=f"{UDL}: notebook 7.1, Backpropagation in Toy Model",
)  # fmt: skip
def cos_exp_sin_chain(xp, beta0, beta1, beta2, beta3, omega0, omega1, omega2, omega3, *, x, y):
    """ℓ = (β₃ + ω₃·cos(β₂ + ω₂·exp(β₁ + ω₁·sin(β₀ + ω₀·x))) − y)².

    Eight parameters under a least-squares loss; the source prints every intermediate value.
    """
    f0 = beta0 + omega0 * x
    h1 = xp.sin(f0)
    f1 = beta1 + omega1 * h1
    h2 = xp.exp(f1)
    f2 = beta2 + omega2 * h2
    h3 = xp.cos(f2)
    f3 = beta3 + omega3 * h3
    r = f3 - y
    return r * r


@cos_exp_sin_chain.backprop
def _(beta0, beta1, beta2, beta3, omega0, omega1, omega2, omega3, *, x, y):
    f0 = beta0 + omega0 * x
    h1 = math.sin(f0)
    h2 = math.exp(beta1 + omega1 * h1)
    f2 = beta2 + omega2 * h2
    h3 = math.cos(f2)

    df3 = 2.0 * (beta3 + omega3 * h3 - y)
    df2 = -math.sin(f2) * omega3 * df3
    df1 = h2 * omega2 * df2
    df0 = math.cos(f0) * omega1 * df1
    return df0, df1, df2, df3, df0 * x, df1 * h1, df2 * h2, df3 * h3


def _prelu(xp, gamma, z):
    return xp.where(z > 0.0, z, gamma * z)


@problem(
    at={
        "beta0": 1.0, "beta1": -2.0, "beta2": -3.0, "beta3": 0.4,
        "omega0": 0.1, "omega1": -0.4, "omega2": 2.0, "omega3": -3.0,
        "gamma": 0.2,
    },
    given=lambda size, rng: {"x": 2.3, "y": {"y=1": 1.0, "y=0": 0.0}[size]},
    sizes=("y=1", "y=0"),
    source=f"{UDL}: CM20315 Coursework V, Backpropagation in Toy Model",
)  # fmt: skip
def prelu_chain(
    xp, beta0, beta1, beta2, beta3, omega0, omega1, omega2, omega3, gamma, *, x, y
):  # fmt: skip
    """ℓ = −(1 − y)·log(1 − σ(f)) − y·log σ(f), f = β₃ + ω₃·h₃, hₖ₊₁ = PReLU(γ, βₖ + ωₖ·hₖ), h₀ = x.

    A kink in every layer (none of them at the point), and a parameter γ used three times.
    """
    f0 = beta0 + omega0 * x
    h1 = _prelu(xp, gamma, f0)
    f1 = beta1 + omega1 * h1
    h2 = _prelu(xp, gamma, f1)
    f2 = beta2 + omega2 * h2
    h3 = _prelu(xp, gamma, f2)
    f3 = beta3 + omega3 * h3
    s = xp.sigmoid(f3)
    return -(1.0 - y) * xp.log(1.0 - s) - y * xp.log(s)


@prelu_chain.backprop
def _(beta0, beta1, beta2, beta3, omega0, omega1, omega2, omega3, gamma, *, x, y):
    f0 = beta0 + omega0 * x
    h1 = f0 if f0 > 0.0 else gamma * f0
    f1 = beta1 + omega1 * h1
    h2 = f1 if f1 > 0.0 else gamma * f1
    f2 = beta2 + omega2 * h2
    h3 = f2 if f2 > 0.0 else gamma * f2
    s = 1.0 / (1.0 + math.exp(-(beta3 + omega3 * h3)))

    df3 = s - y  # the sigmoid's slope cancels against the loss's
    dh3 = omega3 * df3
    df2 = dh3 if f2 > 0.0 else gamma * dh3
    dh2 = omega2 * df2
    df1 = dh2 if f1 > 0.0 else gamma * dh2
    dh1 = omega1 * df1
    df0 = dh1 if f0 > 0.0 else gamma * dh1
    dgamma = dh3 * min(f2, 0.0) + dh2 * min(f1, 0.0) + dh1 * min(f0, 0.0)
    return df0, df1, df2, df3, df0 * x, df1 * h1, df2 * h2, df3 * h3, dgamma
