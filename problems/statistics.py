"""Statistics: likelihoods of linear models and Gaussian processes, and an option's price."""

import math

import numpy as np

from gradiometer import problem

PML = "K. P. Murphy, Probabilistic Machine Learning: An Introduction, MIT Press 2022"


def _coefficients(size, rng):
    features, _ = map(int, size.split("x"))
    return {"w": rng.standard_normal(features) / math.sqrt(features), "b": rng.standard_normal()}


def _trials(size, rng):
    features, samples = map(int, size.split("x"))
    X = rng.standard_normal((samples, features))
    return {"X": X, "y": rng.integers(0, 2, samples).astype(float), "decay": 0.1}


@problem(
    at=_coefficients,
    given=_trials,
    sizes=("2x4", "10x100", "100x1000"),
    source=f"{PML}, §10.2",
)
def logistic_regression(xp, w, b, *, X, y, decay):
    """L = Σᵢ softplus(zᵢ) − yᵢ·zᵢ + ½·λ·‖w‖², z = X·w + b.

    The negative log likelihood of labels 0 and 1, in the form that cannot overflow, with a penalty
    λ. A size is the features and the samples.
    """
    z = (X @ w[:, None])[:, 0] + b
    return xp.sum(xp.softplus(z) - y * z) + 0.5 * decay * xp.sum(w * w)


@logistic_regression.backprop
def _(w, b, *, X, y, decay):
    dz = _sigmoid(X @ w + b) - y
    return X.T @ dz + decay * w, dz.sum()


@logistic_regression.derivative("hessian")
def _(w, b, *, X, y, decay):
    p = _sigmoid(X @ w + b)
    wide = np.column_stack([X, np.ones(len(X), X.dtype)])
    H = (wide.T * (p * (1.0 - p))) @ wide
    H[np.diag_indices(w.size)] += decay
    return H


def _sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def _parse(size):
    """Return the features, classes and samples of a size like `10-5x100`."""
    widths, _, samples = size.partition("x")
    return *map(int, widths.split("-")), int(samples)


def _classifier(size, rng):
    features, classes, _ = _parse(size)
    W = rng.standard_normal((features, classes)) / math.sqrt(features)
    return {"W": W, "b": 0.1 * rng.standard_normal(classes)}


def _classified(size, rng):
    features, classes, samples = _parse(size)
    labels = np.eye(classes)[rng.integers(0, classes, samples)]
    return {"X": rng.standard_normal((samples, features)), "Y": labels}


@problem(
    at=_classifier,
    given=_classified,
    sizes=("2-3x4", "20-5x50", "100-10x200"),
    source=f"{PML}, §10.3",
)
def softmax_cross_entropy(xp, W, b, *, X, Y):
    """L = 1/N·Σᵢ (log Σ_c exp(zᵢ_c) − Σ_c yᵢ_c·zᵢ_c), Z = X·W + b.

    Multinomial logistic regression, the last layer of every classifier; the labels are one-hot. A
    size is the features, the classes and the samples.
    """
    Z = X @ W + b
    return xp.mean(xp.logsumexp(Z, axis=1) - xp.sum(Y * Z, axis=1))


@softmax_cross_entropy.backprop
def _(W, b, *, X, Y):
    dZ = (_softmax(X @ W + b) - Y) / len(X)
    return X.T @ dZ, dZ.sum(axis=0)


@softmax_cross_entropy.derivative("hessian")
def _(W, b, *, X, Y):
    P = _softmax(X @ W + b)
    samples, classes = P.shape
    wide = np.column_stack([X, np.ones(samples, X.dtype)])
    inner = P[:, :, None] * (np.eye(classes, dtype=P.dtype) - P[:, None, :]) / samples
    right = np.einsum("ig,icd->igcd", wide, inner).reshape(samples, -1)
    features = wide.shape[1]
    H = (wide.T @ right).reshape(features, features, classes, classes)
    return H.transpose(0, 2, 1, 3).reshape(features * classes, features * classes)


def _softmax(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@problem(
    at={"spot": 42.0, "strike": 40.0, "rate": 0.1, "volatility": 0.2, "maturity": 0.5},
    source="F. Black and M. Scholes, The Pricing of Options and Corporate Liabilities, Journal of "
    "Political Economy 81 (1973)",
)
def black_scholes(xp, spot, strike, rate, volatility, maturity):
    """C = S·Φ(d₁) − K·e^−rT·Φ(d₂), d₁ = (log(S/K) + (r + ½σ²)·T)/(σ√T), d₂ = d₁ − σ√T.

    The price of a European call, whose derivatives are the Greeks: delta, rho, vega and theta, and
    gamma, vanna and volga among the second ones. Five scalars, one special function.
    """
    spread = volatility * xp.sqrt(maturity)
    drift = (rate + 0.5 * volatility * volatility) * maturity
    d1 = (xp.log(spot / strike) + drift) / spread
    d2 = d1 - spread
    present = strike * xp.exp(-rate * maturity)
    root = math.sqrt(2.0)
    return 0.5 * (spot * (1.0 + xp.erf(d1 / root)) - present * (1.0 + xp.erf(d2 / root)))


def _normal(d):
    """Return the normal distribution Φ(d) and its density φ(d)."""
    density = math.exp(-0.5 * d * d) / math.sqrt(2.0 * math.pi)
    return 0.5 * (1.0 + math.erf(d / math.sqrt(2.0))), density


@black_scholes.backprop
def _(spot, strike, rate, volatility, maturity):
    root = math.sqrt(maturity)
    drift = (rate + 0.5 * volatility * volatility) * maturity
    d1 = (math.log(spot / strike) + drift) / (volatility * root)
    delta, density = _normal(d1)
    exercised, _ = _normal(d1 - volatility * root)
    discount = math.exp(-rate * maturity)
    paid = strike * discount * exercised
    vega = spot * density * root
    theta = 0.5 * vega * volatility / maturity + rate * paid
    return delta, -discount * exercised, maturity * paid, vega, theta


@black_scholes.derivative("hessian")
def _(spot, strike, rate, volatility, maturity):
    root = math.sqrt(maturity)
    spread, growth = volatility * root, rate + 0.5 * volatility * volatility
    d1 = (math.log(spot / strike) + growth * maturity) / spread
    d2 = d1 - spread
    _, density = _normal(d1)
    exercised, density2 = _normal(d2)
    discount = math.exp(-rate * maturity)
    paid = strike * discount * exercised
    vega = spot * density * root
    decay = 0.5 * vega * volatility / maturity
    turn = discount * exercised * (1.0 - rate * maturity)

    dd1 = np.array([1.0 / (spot * spread), -1.0 / (strike * spread), root / volatility,
                    -d2 / volatility, growth / spread - 0.5 * d1 / maturity])  # fmt: skip
    dd2 = dd1 - np.array([0.0, 0.0, 0.0, root, 0.5 * volatility / root])
    at_strike = discount * density2 * dd2
    return np.array([
        density * dd1,
        -at_strike + [0.0, 0.0, maturity * discount * exercised, 0.0, rate * discount * exercised],
        maturity * strike * at_strike
        + [0.0, maturity * discount * exercised, -maturity * maturity * paid, 0.0, strike * turn],
        -vega * d1 * dd1 + [vega / spot, 0.0, 0.0, 0.0, 0.5 * vega / maturity],
        -decay * d1 * dd1
        + rate * strike * at_strike
        + [decay / spot, rate * discount * exercised, strike * turn, decay / volatility,
           -0.5 * decay / maturity - rate * rate * paid],
    ])  # fmt: skip


def _hyperparameters(size, rng):
    features, _ = map(int, size.split("x"))
    return {
        "log_lengthscale": 0.3 * rng.standard_normal(features),
        "log_signal": 0.2 * rng.standard_normal(),
        "log_noise": -1.5 + 0.2 * rng.standard_normal(),
    }


def _observations(size, rng):
    features, samples = map(int, size.split("x"))
    X = rng.standard_normal((samples, features))
    y = np.sin(2.0 * X).sum(axis=1) + 0.3 * rng.standard_normal(samples)
    return {"X": X, "y": y, "identity": np.eye(samples)}


@problem(
    at=_hyperparameters,
    given=_observations,
    sizes=("1x3", "2x10", "3x100"),
    source="C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, MIT "
    "Press 2006, §5.4.1",
)
def gaussian_process(xp, log_lengthscale, log_signal, log_noise, *, X, y, identity):
    """L = ½·yᵀK⁻¹y + ½·log det K + ½·n·log 2π, K = σ²·exp(−½·Σ_d (x_d − x′_d)²/ℓ_d²) + ν²·I.

    The negative log marginal likelihood, through a Cholesky factor, in log ℓ, log σ² and log ν². A
    size is the features and the points: few inputs, much linear algebra.
    """
    scaled = X / xp.exp(log_lengthscale)
    d = scaled[:, None, :] - scaled[None, :, :]
    K = xp.exp(log_signal - 0.5 * xp.sum(d * d, axis=2)) + xp.exp(log_noise) * identity
    L = xp.linalg.cholesky(K)
    v = xp.linalg.solve(L, y[:, None])
    constant = 0.5 * math.log(2.0 * math.pi) * y.shape[0]
    return 0.5 * xp.sum(v * v) + xp.sum(xp.log(xp.linalg.diagonal(L))) + constant


@gaussian_process.backprop
def _(log_lengthscale, log_signal, log_noise, *, X, y, identity):
    scaled = X / np.exp(log_lengthscale)
    square = (scaled[:, None, :] - scaled[None, :, :]) ** 2
    signal = np.exp(log_signal - 0.5 * square.sum(axis=2))
    noise = math.exp(log_noise) * identity
    inverse = np.linalg.inv(signal + noise)
    alpha = inverse @ y
    dK = 0.5 * (inverse - np.outer(alpha, alpha))
    weighted = dK * signal
    return np.einsum("ij,ijd->d", weighted, square), weighted.sum(), (dK * noise).sum()
