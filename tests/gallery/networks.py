"""Networks and losses in NumPy."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp, xlogy

rng = np.random.default_rng(3)
X = rng.normal(size=(6, 3))
LABELS = np.array([0, 1, 2, 1, 0, 2])


def relu(x):
    return np.maximum(x, 0)


ACTIVATIONS = {"relu": relu, "tanh": np.tanh}


def mlp(params, x, activation="relu"):
    *hidden, (W, b) = params
    for V, c in hidden:
        x = ACTIVATIONS[activation](x @ V + c)
    return np.mean((x @ W + b) ** 2)


def mlp_arguments():
    sizes = [3, 4, 2]
    r = np.random.default_rng(1)
    params = [(r.normal(size=(m, n)), r.normal(size=n)) for m, n in zip(sizes, sizes[1:])]
    return params, X


def softmax_cross_entropy(W=np.linspace(-1, 1, 9).reshape(3, 3)):
    logits = X @ W
    logits = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(LABELS)), LABELS]).mean()


def one_hot(W=np.linspace(-1, 1, 9).reshape(3, 3)):
    Y = np.eye(3)[LABELS]
    logits = X.dot(W)
    return -(Y * (logits - logsumexp(logits, axis=1, keepdims=True))).sum()


def logistic(w, X, y, decay=0.01):
    p = expit(X @ w)
    return -np.mean(xlogy(y, p) + xlogy(1 - y, 1 - p)) + decay * w @ w


def logistic_arguments():
    return np.array([0.3, -0.2, 0.5]), X, (LABELS > 0).astype(float)


def cnn(kernel=np.array([[0.1, -0.2], [0.4, 0.3]]), bias=0.1):
    image = np.arange(25.0).reshape(5, 5) / 10
    out = np.empty((4, 4))
    for i in range(4):
        for j in range(4):
            out[i, j] = np.sum(image[i : i + 2, j : j + 2] * kernel) + bias
    out = np.tanh(out)
    pooled = out.reshape(2, 2, 2, 2).max(axis=(1, 3))
    return pooled.mean()


def attention(Q, K, V):
    scores = np.einsum("id,jd->ij", Q, K) / np.sqrt(Q.shape[-1])
    scores -= scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.sum((weights @ V) ** 2)


def attention_arguments():
    r = np.random.default_rng(4)
    return tuple(r.normal(size=(3, 2)) for _ in range(3))


def rnn(params):
    h = np.zeros(2)
    outputs = []
    for x in X[:4]:
        h = np.tanh(params["Wx"] @ x + params["Wh"] @ h + params["b"])
        outputs.append(h)
    return np.stack(outputs).sum(axis=0).prod()


def rnn_arguments():
    r = np.random.default_rng(5)
    return ({"Wx": r.normal(size=(2, 3)), "Wh": r.normal(size=(2, 2)), "b": r.normal(size=2)},)


@dataclass
class Params:
    W: np.ndarray
    b: float
    name: str = "layer"

    def apply(self, x):
        return np.tanh(x @ self.W + self.b)


def of_a_dataclass(params):
    assert isinstance(params, Params)
    return np.var(params.apply(X), ddof=1)


def of_a_dataclass_arguments():
    return (Params(np.array([0.2, -0.1, 0.4]), 0.3),)


class Model:
    """A model with a method, a property and state."""

    gain = 2.0

    def __init__(self, n):
        self.W = np.linspace(-1, 1, n * n).reshape(n, n)
        self.seen = 0

    @property
    def scaled(self):
        return self.gain * self.W

    @staticmethod
    def squash(x):
        return x / (1 + np.abs(x))

    @classmethod
    def twice(cls, x):
        return cls.gain * x

    def __call__(self, x):
        self.seen += 1
        return self.twice(self.squash(self.scaled @ x)).sum()


class Deeper(Model):
    def __call__(self, x):
        return super().__call__(x) + np.log(np.sum(x**2))


model = Deeper(3)


def batch_norm(x=np.arange(6.0).reshape(3, 2) ** 1.5, gamma=1.2, beta=0.3):
    mu, sigma = x.mean(axis=0), x.std(axis=0)
    y = gamma * (x - mu[np.newaxis, :]) / (sigma + 1e-5) + beta
    return (y**3).sum()


def kmeans(centres=np.array([[0.5, 0.1, 0.2], [-0.4, 0.3, -0.6]])):
    d = ((X[:, None, :] - centres[None]) ** 2).sum(-1)
    return d.min(axis=1).sum()


def hinge(w=np.array([0.4, -0.3, 0.2])):
    y = 2 * (LABELS % 2) - 1
    return np.clip(1 - y * (X @ w), 0, None).mean()


def dropout_mask(W=np.ones((3, 3)) * 0.3):
    mask = np.array([1, 0, 1])
    h = np.tanh(X @ W)
    h[:, mask == 0] = 0.0
    h[h > 0.6] *= 0.5
    return np.linalg.norm(h)
