"""Functions as they stand in notebooks: chains, scalars, loops, memo tables."""

import functools
import math
from math import cos, pi

import numpy as np
from helpers import Scale, leaky, sigmoid
from numpy import log, tanh


def neuron(x=2.0, a=3.0, b=1.0):
    """The neuron of a backpropagation notebook."""
    z = a * x + b
    return 1 / (1 + math.exp(-z))


def chain(x=0.4):
    y = x
    for f in [np.sin, np.exp, cos, log, tanh]:
        y = f(y + 1.1)
    return y


def branchy(x=-1.3, y=0.7):
    if x > 0:
        return x**2 * y
    elif x < -5:
        return x * y
    return math.sin(x) * y**3


def absolute_and_extremes(x=1.5, y=-0.5):
    return abs(x * y) + max(x, y, 0.1) * min(x, 2.0) + round(2.7, 1) * pow(x, 3)


def squares(x=np.array([1.0, 2.0, 3.0])):
    return sum(xi**2 for xi in x) / len(x)


def polynomial(x=0.7, coefficients=(1.0, -2.0, 0.5)):
    total = 0.0
    for k, c in enumerate(coefficients):
        total += c * x**k
    return total


@functools.lru_cache(maxsize=None)
def legendre(n, x):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n


def memoised(x=0.3):
    return legendre(6, x)


_table = {}


def own_memo(x=1.2, n=8):
    def fib(k):
        if k < 2:
            return x if k else 1.0
        if (k, x) not in _table:
            _table[k, x] = fib(k - 1) * 0.5 + math.sin(fib(k - 2))
        return _table[k, x]

    try:
        return fib(n)
    finally:
        _table.clear()


def recursive(x=0.9, depth=5):
    return x if depth == 0 else math.cos(recursive(x, depth - 1)) * x


def newton(a=2.0):
    """√a by Newton's iteration, as long as it moves."""
    x = a
    while abs(x * x - a) > 1e-10:
        x = 0.5 * (x + a / x)
    return x


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


@timed
def decorated(x=0.5, y=2.0):
    import numpy

    return numpy.exp(x) * y - math.hypot(x, y)


def other_file(x=np.array([0.3, -0.8])):
    return np.sum(sigmoid(x) * leaky(x))


scaled = Scale(0.5)


def of_an_instance(x=np.array([0.2, 0.4])):
    return scaled(x).mean()


def numpy_scalars(x=np.float64(1.5)):
    y = np.float64(2.0) * x
    z = float(np.log(y))
    if isinstance(x, float) and isinstance(y, np.floating):
        z = z * np.pi
    return np.asarray(z).item() + pi


power = functools.partial(lambda x, n: x**n + math.log1p(x), n=3)

cubed = lambda x=1.1: x**3 - np.cbrt(x)  # noqa: E731


def comprehension(x=np.linspace(0.1, 0.9, 4)):
    halves = {k: v / 2 for k, v in enumerate(x)}
    pairs = [(a, b) for a, b in zip(x[:-1], x[1:])]
    return math.fsum(a * b for a, b in pairs) + halves[2] * math.prod([x[0], x[1]])


def several(r=2.0, t=0.6):
    return r * np.cos(t), r * np.sin(t)


def named(x=np.array([1.0, 2.0])):
    return {"norm": np.linalg.norm(x), "parts": {"double": 2 * x, "count": 3}}


def vector(x=np.array([0.1, 0.2, 0.3])):
    return np.cumsum(x) ** 2


def where_tools_fail(x=-1.3):
    """A branch that is not taken is not defined here."""
    if x > 0:
        return np.sqrt(x)
    return x * x
