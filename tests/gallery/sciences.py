"""Statistics, linear algebra, differential equations and signals in NumPy."""

import math

import numpy as np
from numpy.linalg import inv, slogdet, solve


def euler(k=0.8, y0=1.0, T=1.0, steps=10):
    y, h = y0, T / steps
    for _ in range(steps):
        y += h * (-k * y + math.sin(y))
    return y


def runge_kutta(theta=np.array([0.5, 1.2]), dt=0.05):
    def f(t, y):
        x, v = y
        return np.array([v, -theta[0] * x - theta[1] * v**3])

    y = np.array([1.0, 0.0])
    for n in range(int(0.5 / 0.05)):
        t = n * 0.05
        k1 = f(t, y)
        k2 = f(t + dt / 2, y + dt / 2 * k1)
        k3 = f(t + dt / 2, y + dt / 2 * k2)
        k4 = f(t + dt, y + dt * k3)
        y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y @ y


def cholesky_by_hand(A=np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])):
    n = A.shape[0]
    L = np.zeros_like(A)
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j] - sum(L[i, k] * L[j, k] for k in range(j))
            L[i, j] = np.sqrt(s) if i == j else s / L[j, j]
    return 2 * np.log(np.diag(L)).sum()


def gp_likelihood(log_params=np.array([0.1, -0.3, -1.0])):
    length, amplitude, noise = np.exp(log_params)
    x = np.linspace(0, 1, 5)
    y = np.sin(4 * x)
    r = np.abs(x[:, None] - x[None, :])
    K = amplitude**2 * np.exp(-0.5 * (r / length) ** 2) + noise**2 * np.eye(5)
    sign, logdet = slogdet(K)
    return -0.5 * y @ solve(K, y) - 0.5 * logdet - 2.5 * np.log(2 * np.pi)


def dft(x=np.array([0.3, 1.0, -0.5, 0.8])):
    n = len(x)
    k = np.arange(n)
    angles = 2 * np.pi * np.outer(k, k) / n
    re, im = np.cos(angles) @ x, -np.sin(angles) @ x
    return (re**2 + im**2)[1:].sum()


def log_sum_exp(x=np.array([1.0, 3.0, -2.0, 0.5])):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def reshuffled(x=np.linspace(-1, 1, 12)):
    a = x.reshape(3, 4).T
    b = np.concatenate([a[::-1], np.roll(a, 1, axis=0)], axis=1)
    c = np.tensordot(b, np.transpose(b), axes=1)
    d = np.pad(np.triu(c), 1)[1:-1, 1:-1]
    return np.einsum("ii", d) + np.vstack([a, a]).ravel()[5] ** 2


def in_place(x=np.array([1.0, 2.0, 3.0])):
    y = x.copy()
    y *= 2
    y[1:] += y[:-1]
    z = y.reshape(3, 1)
    z[0] = y[2] * y[1]
    y -= x
    return (y**2).sum()


def potential(positions=np.array([[0.0, 0.1], [1.2, 0.0], [0.3, 1.1]])):
    energy = 0
    for i in range(len(positions)):
        for j in range(i):
            r = np.linalg.norm(positions[i] - positions[j])
            energy += 4 * (r**-12 - r**-6)
    return energy


def mixture(params=np.array([0.2, -0.5, 1.0, 0.3])):
    data = np.array([-1.0, 0.2, 0.9, 1.4])
    weight = 1 / (1 + np.exp(-params[0]))

    def pdf(x, mu, sigma):
        return np.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))

    density = weight * pdf(data, params[1], 1.0) + (1 - weight) * pdf(
        data, params[2], params[3] + 1
    )
    return np.sum(np.log(density))


def heat(u0=np.sin(np.linspace(0, 3, 6)), alpha=0.1):
    u = u0.copy()
    for _ in range(3):
        new = u.copy()
        new[1:-1] = u[1:-1] + alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = new
    return np.trapezoid(u**2, dx=0.6)


def order_statistics(x=np.array([0.3, -1.2, 2.5, 0.9, 1.7])):
    top = np.sort(x)[-2:]
    return np.median(x) ** 2 + top @ top + x[np.argmax(x)] * x[np.argsort(x)[0]]


def inverse(A=np.array([[2.0, 0.3], [0.1, 1.5]])):
    B = inv(A)
    return np.trace(B @ B.T) + np.linalg.det(A)


def vectorised(x=np.array([-1.0, 0.5, 2.0])):
    @np.vectorize
    def f(z):
        return math.exp(-z) if z > 0 else z * z

    return f(x).sum()


def meshes(a=0.7, b=1.3):
    x, y = np.meshgrid(np.linspace(0, 1, 3), np.linspace(0, 1, 4))
    z = np.sin(a * x) * np.cos(b * y)
    return np.average(z, weights=1 + x) + z[1:, :-1].max()


def masked(x=np.array([0.5, -1.0, 2.0, -0.3])):
    negative = x < 0
    y = np.where(negative, 0, np.sqrt(np.abs(x)))
    return y[~negative].sum() + x[negative].prod() + np.any(x > 10) * 3.0


def signal(h=np.array([0.2, 0.5, 0.3])):
    s = np.array([1.0, 2.0, 0.5, -1.0, 0.7])
    out = np.zeros(len(s) + len(h) - 1)
    for i, si in enumerate(s):
        out[i : i + len(h)] += si * h
    return np.sum(out**2)


def kalman(q=0.3, r=0.5):
    x, p, loss = 0.0, 1.0, 0.0
    for z in (1.0, 0.8, 1.1):
        p = p + q
        gain = p / (p + r)
        loss += math.log(p + r) + (z - x) ** 2 / (p + r)
        x, p = x + gain * (z - x), (1 - gain) * p
    return loss


def rotation(angles=np.array([0.1, 0.2, 0.3])):
    c, s = np.cos(angles), np.sin(angles)
    Rx = np.array([[1, 0, 0], [0, c[0], -s[0]], [0, s[0], c[0]]])
    Rz = np.array([[c[2], -s[2], 0], [s[2], c[2], 0], [0, 0, 1]])
    v = Rz @ Rx @ np.array([1.0, 2.0, 3.0])
    return np.cross(v, [0.0, 0.0, 1.0])
