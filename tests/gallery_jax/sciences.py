"""Numerical work, as people write it with JAX."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import stats
from jax.scipy.linalg import cho_factor, cho_solve, expm, solve_triangular


def draw(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def gp_likelihood(theta, x, y):
    scale, length, noise = jnp.exp(theta)
    apart = x[:, None] - x[None, :]
    K = scale * jnp.exp(-0.5 * apart**2 / length**2) + noise * jnp.eye(len(x))
    L = jnp.linalg.cholesky(K)
    alpha = solve_triangular(L, y, lower=True)
    return 0.5 * alpha @ alpha + jnp.sum(jnp.log(jnp.diag(L)))


def gp_likelihood_arguments():
    return jnp.array([0.1, -0.3, -1.0]), jnp.linspace(0, 2, 6), draw(6)


def gp_by_factors(theta, x, y):
    K = jnp.exp(-((x[:, None] - x) ** 2) / theta[0]) + theta[1] * jnp.eye(4)
    c = cho_factor(K, lower=True)
    return y @ cho_solve(c, y) + 2 * jnp.sum(jnp.log(jnp.diag(c[0])))


def gp_by_factors_arguments():
    return jnp.array([0.7, 0.3]), jnp.linspace(0, 1, 4), draw(4)


def euler(y0, k):
    def step(y, t):
        return y + 0.1 * (-k * y + jnp.sin(t)), y

    y, ys = lax.scan(step, y0, jnp.arange(8) * 0.1)
    return y**2 + jnp.sum(ys)


def euler_arguments():
    return jnp.asarray(1.2), jnp.asarray(0.7)


def runge_kutta(theta):
    def f(y):
        return jnp.array([theta[0] * y[0] - theta[1] * y[0] * y[1], -y[1] + theta[2] * y[0] * y[1]])

    def step(y, _):
        k1 = f(y)
        k2 = f(y + 0.05 * k1)
        k3 = f(y + 0.05 * k2)
        k4 = f(y + 0.1 * k3)
        return y + 0.1 / 6 * (k1 + 2 * k2 + 2 * k3 + k4), y

    _, path = lax.scan(step, jnp.array([1.0, 0.5]), None, length=6)
    return jnp.sum(path**2)


def runge_kutta_arguments():
    return (jnp.array([1.1, 0.4, 0.3]),)


def unrolled(rate, w):
    def loss(w):
        return jnp.sum((w**2 - 1) ** 2)

    for _ in range(3):
        w = w - rate * jax.grad(loss)(w)
    return loss(w)


def unrolled_arguments():
    return jnp.asarray(0.05), jnp.array([0.4, 1.7])


def median(x):
    return jnp.median(x) ** 2 + jnp.quantile(x, jnp.array([0.1, 0.8])).sum()


def median_arguments():
    return (draw(7),)


def ordered(x):
    s = jnp.sort(x)
    values, at = lax.top_k(x, 3)
    order = jnp.argsort(-x)
    return jnp.sum(s * jnp.arange(6)) + jnp.sum(values**2) + x[at[0]] + x[order[1]] ** 3


def ordered_arguments():
    return (draw(6),)


def energy(r):
    def pair(a, b):
        d2 = jnp.sum((a - b) ** 2) + 0.1
        return d2**-6 - d2**-3

    both = jax.vmap(jax.vmap(pair, (None, 0)), (0, None))(r, r)
    return jnp.sum(jnp.triu(both, k=1))


def energy_arguments():
    return (draw(4, 3) * 1.5,)


def branches(x):
    y = lax.cond(x[0] > 0, lambda v: jnp.sin(v), lambda v: v**2, x)
    return jnp.sum(lax.switch(jnp.argmax(x), [jnp.exp, jnp.cos, lambda v: v**3], y))


def branches_arguments():
    return (jnp.array([0.3, 0.9, -0.2]),)


def newton(a):
    def going(state):
        x, k = state
        return (jnp.abs(x * x - a) > 1e-6) & (k < 20)

    def step(state):
        x, k = state
        return 0.5 * (x + a / x), k + 1

    return lax.while_loop(going, step, (1.0 + 0.0 * a, 0))[0]


def newton_arguments():
    return (jnp.asarray(2.5),)


def for_loop(x):
    return jnp.sum(lax.fori_loop(0, 4, lambda k, y: y + jnp.sin(k * y), x))


def for_loop_arguments():
    return (draw(3),)


def linalg(A, b):
    S = A @ A.T + jnp.eye(4)
    sign, logdet = jnp.linalg.slogdet(A)
    return (
        logdet + jnp.linalg.det(A) + b @ jnp.linalg.solve(A, b) + jnp.trace(jnp.linalg.inv(S))
        + jnp.linalg.norm(A) + jnp.sum(jnp.linalg.solve(S, A[:, :2]) ** 2)
        + jnp.linalg.multi_dot([b, A, b]) + jnp.sum(jnp.linalg.matrix_power(A, 3))
    )  # fmt: skip


def linalg_arguments():
    return draw(4, 4) + 2 * jnp.eye(4), draw(4, seed=1)


def spectra(A):
    S = A + A.T
    w, v = jnp.linalg.eigh(S)
    u, s, vt = jnp.linalg.svd(A, full_matrices=False)
    q, r = jnp.linalg.qr(A)
    again = (v * jnp.exp(w)) @ v.T
    return (
        jnp.sum(jnp.sin(w)) + jnp.sum(s**3) + jnp.sum(again[0]) + jnp.sum(jnp.abs(jnp.diag(r)))
        + jnp.linalg.norm(A, 2) + jnp.linalg.norm(A, "nuc") + jnp.sum(((u * s) @ vt)[1])
    )  # fmt: skip


def spectra_arguments():
    return (draw(3, 3),)


def batched(A, b):
    return jnp.sum(jax.vmap(jnp.linalg.solve)(A, b) ** 2) + jnp.sum(jnp.linalg.inv(A)[:, 0, 1])


def batched_arguments():
    return draw(3, 2, 2) + 2 * jnp.eye(2), draw(3, 2, seed=1)


def exponential(A):
    return jnp.sum(expm(A)[0])


def exponential_arguments():
    return (draw(3, 3) / 3,)


def contraction(a, b, c):
    return jnp.sum(jnp.einsum("bij,bjk,kl->bil", a, b, c) ** 2) + jnp.einsum("bii->", a)


def contraction_arguments():
    return draw(2, 3, 3), draw(2, 3, 2, seed=1), draw(2, 4, seed=2)


def segments(x):
    ids = jnp.array([0, 2, 0, 1, 2, 2])
    sums = jax.ops.segment_sum(x, ids, num_segments=4)
    top = jax.ops.segment_max(x, ids, num_segments=3)
    product = jnp.ones(4).at[jnp.array([3, 1])].multiply(x[:2], unique_indices=True)
    return jnp.sum(sums**2) + jnp.sum(jnp.sin(top)) + jnp.sum(product)


def segments_arguments():
    return (draw(6),)


def kalman(params, ys):
    def step(state, y):
        m, P = state
        m, P = params["A"] @ m, params["A"] @ P @ params["A"].T + params["q"] * jnp.eye(2)
        S = P[0, 0] + params["r"]
        K = P[:, 0] / S
        r = y - m[0]
        return (m + K * r, P - jnp.outer(K, P[0])), -0.5 * (r**2 / S + jnp.log(S))

    return jnp.sum(lax.scan(step, (jnp.zeros(2), jnp.eye(2)), ys)[1])


def kalman_arguments():
    return {"A": jnp.array([[1.0, 0.1], [-0.1, 0.9]]), "q": 0.2, "r": 0.3}, draw(5)


def special(x):
    sp = jax.scipy.special
    return jnp.sum(
        sp.gammaln(x) + sp.digamma(x) + sp.erf(x) * sp.erfc(x) + sp.erfinv(x / 4) + sp.i0e(x)
        + sp.i1e(x) + sp.i0(x) + sp.i1(x) + sp.xlogy(x, x) + sp.entr(x) + sp.expit(x)
        + sp.logit(x / 4) + sp.ndtr(x) + sp.log_ndtr(x) + sp.betaln(x, 2.0) + sp.gamma(x)
    )  # fmt: skip


def special_arguments():
    return (jnp.array([0.4, 1.3, 2.7]),)


def densities(mu, sigma, x):
    return (
        jnp.sum(stats.norm.logpdf(x, mu, sigma)) + jnp.sum(stats.t.logpdf(x, 4.0, mu, sigma))
        + jnp.sum(stats.gamma.logpdf(x**2, 2.0, scale=sigma)) + jnp.sum(stats.beta.logpdf(
            jax.nn.sigmoid(x), 2.0, sigma)) + stats.multivariate_normal.logpdf(
            x, mu * jnp.ones(3), sigma * jnp.eye(3))
    )  # fmt: skip


def densities_arguments():
    return jnp.asarray(0.2), jnp.asarray(1.3), jnp.array([0.4, -1.1, 0.9])


def interpolation(x, table):
    return jnp.sum(jnp.interp(x, jnp.array([0.0, 0.5, 1.5, 2.0]), table) ** 2)


def interpolation_arguments():
    return jnp.array([0.2, 0.9, 1.7]), draw(4)


def heat(u):
    for _ in range(3):
        u = u + 0.1 * (jnp.roll(u, 1, 0) + jnp.roll(u, -1, 0) - 2 * u)
        u = u.at[0].set(0.5).at[-1].add(jnp.sin(u[2])).at[1:3].multiply(1.5)
    return jnp.sum(u**2)


def heat_arguments():
    return (draw(6),)


def pinn(w):
    def u(x):
        return w[2] * jnp.tanh(w[0] * x + w[1])

    def residual(x):
        return jax.grad(jax.grad(u))(x) + jnp.sin(x) * u(x)

    return jnp.mean(jax.vmap(residual)(jnp.linspace(0, 1, 5)) ** 2) + jax.hessian(u)(0.3)


def pinn_arguments():
    return (jnp.array([0.8, -0.2, 1.3]),)


def pseudo_inverse(A):
    return jnp.sum(jnp.linalg.pinv(A) ** 2) + jnp.sum(jnp.linalg.lstsq(A, A[:, 0])[0])


def pseudo_inverse_arguments():
    return (draw(4, 3),)


def determinants(A):
    return jnp.sum(jnp.linalg.det(A)) + jnp.sum(jnp.linalg.slogdet(A)[1])


def determinants_arguments():
    return (draw(2, 5, 5),)


def tridiagonal(d, b):
    lower = jnp.array([0.0, 0.3, -0.2, 0.1])
    x = lax.linalg.tridiagonal_solve(lower, d, jnp.roll(lower, -1), b[:, None])
    return jnp.sum(x**2)


def tridiagonal_arguments():
    return draw(4) + 3, draw(4, seed=1)


def lu_factors(A):
    p, l, u = jax.scipy.linalg.lu(A)
    return jnp.sum(jnp.sin(p @ l)) + jnp.sum(u**2)


def lu_factors_arguments():
    return (draw(4, 4),)


def conjugate_gradients(A, b):
    S = A @ A.T + jnp.eye(4)
    x, _ = jax.scipy.sparse.linalg.cg(lambda v: S @ v, b)
    return jnp.sum(x**2)


def conjugate_gradients_arguments():
    return draw(4, 4), draw(4, seed=1)
