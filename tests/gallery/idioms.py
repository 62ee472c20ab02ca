"""Idioms of Python and NumPy that functions are written with."""

import abc
import functools
import itertools
import math
import operator
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.linalg as la
import scipy.special as sp
from numpy.lib.stride_tricks import sliding_window_view


def nested_lists(x=0.5, y=1.5):
    A = np.array([[x, 1], [y, 2.0]])
    return np.linalg.det(A) + la.inv(A)[0, 1]


def swaps(x=np.array([1.0, 2.0, 4.0])):
    assert isinstance(x, np.ndarray) and x.dtype == np.float64
    y = x.copy()
    y[0], y[1] = y[1], y[0]
    y[[0, 2]] = y[[2, 0]] * 3
    A = np.zeros((3, 3))
    A[[0, 1], [1, 2]] = y[:2]
    A[np.triu_indices(3)] += 1.0
    np.add.at(A, (np.array([0, 0]), np.array([1, 1])), y[1])
    A[2] = y[::-1]
    A[:, 0] **= 2
    return (A @ A).sum() + A[np.ix_([0, 1], [1, 2])].prod() + np.finfo(x.dtype).eps


def indices(x=np.arange(4.0).reshape(2, 2) + 0.5):
    s = 0
    for i in np.ndindex(x.shape):
        s += x[i] ** (i[0] + 1)
    for (i, j), v in np.ndenumerate(x):
        s += i * v
    return s


def iterators(x=np.array([0.1, 0.5, 0.9])):
    products = list(itertools.accumulate(x, operator.mul))
    folded = functools.reduce(lambda p, q: p + q * q, x)
    mapped = sum(map(math.sin, x)) + sum(p * q for p, q in itertools.combinations(x, 2))
    largest = sorted(x, key=lambda t: -t)[0]
    first, *rest = x
    return products[-1] + folded + mapped + largest + first * rest[0] + any(t > 0.8 for t in x)


def _powers(x):
    for k in range(3):
        yield x**k


def generators(x=0.7):
    total = 0.0
    for v in _powers(x):
        total += v
    table = defaultdict(float)
    table["a"] += math.exp(x)
    queue = deque([x, 2 * x], maxlen=2)
    queue.append(x * x)
    return total + sum(table.values()) + queue[0] * queue[1]


class Layer(abc.ABC):
    @abc.abstractmethod
    def forward(self, x): ...

    def __call__(self, x):
        return self.forward(x)


class Dense(Layer):
    __slots__ = ("W",)

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        return np.tanh(self.W @ x)


class Net:
    def __init__(self):
        self.stack = [Dense(np.eye(2) * k) for k in (1.0, 2.0)]

    @functools.cached_property
    def scale(self):
        return np.float64(3.0)

    def loss(self, x):
        for layer in self.stack:
            x = layer(x)
        return self.scale * np.sum(x)


net = Net()


def layers(x=np.array([0.2, 0.3])):
    return net.loss(x)


class Value:
    """A reverse mode of its own, over Python's floats."""

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.back = data, 0, set(parents), lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.back = back
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))

        def back():
            self.grad += (1 - t**2) * out.grad

        out.back = back
        return out

    def backward(self):
        order, seen = [], set()

        def build(v):
            if v not in seen:
                seen.add(v)
                for parent in v.parents:
                    build(parent)
                order.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(order):
            v.back()


def micrograd(x=0.5, y=-0.3):
    a, b = Value(x), Value(y)
    c = (a * b + a).tanh() * b
    c.backward()
    return c.data + a.grad * b.grad


class Pair(NamedTuple):
    w: float
    v: np.ndarray

    def norm(self):
        return np.linalg.norm(self.v) * self.w


def named_tuple(p=Pair(2.0, np.array([1.0, 2.0]))):
    return p.norm() + p._replace(w=p.w**2).w


@dataclass(frozen=True)
class Frozen:
    a: float = 1.0
    b: np.ndarray = field(default_factory=lambda: np.ones(2))

    def total(self):
        return self.a * self.b.sum()


def frozen(p=Frozen(2.0, np.array([0.5, 0.25]))):
    return p.total() + replace(p, a=p.a * 2).total()


counter = 0


def counting(x=0.3):
    global counter
    counter += 1
    return math.exp(x) * (1 if counter else 2)


def _factory(k):
    calls = 0

    def inner(x=1.2):
        nonlocal calls
        calls += 1
        return x**k

    return inner


made = _factory(3)


def matching(x=np.array([0.3, 0.4])):
    match x.shape:
        case (2,):
            r = x[0] * x[1]
        case _:
            r = 0.0
    if (m := np.max(x)) > 0.35:
        r += m
    return r


def flats(x=np.arange(6.0).reshape(2, 3) + 1):
    y = x.copy()
    y.flat[3] = 10 * y[0, 0]
    y.ravel()[1] = y[1, 1] ** 2
    y.T[2, 0] *= 2
    return sum(v * k for k, v in enumerate(y.flat)) + np.log(y).sum()


def outs(x=np.array([0.5, 1.5])):
    buffer = np.empty_like(x)
    np.exp(x, out=buffer)
    np.multiply(buffer, x, out=buffer)
    outer = np.multiply.outer(x, x).sum()
    return np.add.reduce(buffer) + outer + np.sum(x, where=x > 1, initial=2.0)


def special(x=np.array([0.4, 0.7])):
    y = sp.erf(x) + sp.expit(x) + sp.xlogy(x, x) + sp.log_softmax(x) + sp.softmax(x)
    z = sp.entr(x) + sp.logit(x) + sp.ndtr(x)
    return (y + z).sum() + sp.logsumexp(x, b=np.array([1.0, 2.0]))


def elimination(A=np.array([[4.0, 1.0, 2.0], [1.0, 5.0, 3.0], [2.0, 1.0, 6.0]])):
    U = A.astype(float).copy()
    n, det = len(U), 1.0
    for k in range(n):
        p = np.argmax(np.abs(U[k:, k])) + k
        if p != k:
            U[[k, p]] = U[[p, k]]
            det = -det
        det *= U[k, k]
        for i in range(k + 1, n):
            U[i, k:] -= U[i, k] / U[k, k] * U[k, k:]
    return det


def gram_schmidt(V=np.array([[1.0, 0.5], [0.2, 1.0]])):
    Q = []
    for v in V.T:
        for q in Q:
            v = v - q * np.dot(q, v)
        Q.append(v / np.linalg.norm(v))
    return np.column_stack(Q)


def windows(image=np.arange(16.0).reshape(4, 4) / 16, k=np.array([[1.0, 0.5], [0.25, 2.0]])):
    w = sliding_window_view(image, (2, 2))
    return np.einsum("ijkl,kl->ij", w, k).sum() + np.tensordot(w, k, ([2, 3], [0, 1])).max()


def pairwise(X=np.array([[0.0, 1.0], [2.0, 0.5], [1.0, 1.0]])):
    d = np.sqrt(((X[:, None] - X[None, :]) ** 2).sum(-1) + np.eye(3))
    above = np.triu_indices(3, k=1)
    return d[above].sum() + np.exp(-d)[above].prod()
