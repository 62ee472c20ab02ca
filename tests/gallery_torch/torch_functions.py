import math

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint


def functional_mlp(params, x, y):
    h = x
    for W, b in params[:-1]:
        h = torch.relu(h @ W + b)
    W, b = params[-1]
    return ((h @ W + b - y) ** 2).mean()


def sdpa(q, k, v):
    return (F.scaled_dot_product_attention(q, k, v, is_causal=True) ** 2).sum()


def gp_log_likelihood(X, y, log_scale, log_noise):
    d = ((X[:, None] - X[None]) ** 2).sum(-1)
    K = torch.exp(-0.5 * d / torch.exp(log_scale) ** 2) + torch.exp(log_noise) * torch.eye(
        len(X), dtype=X.dtype
    )
    L = torch.linalg.cholesky(K)
    alpha = torch.cholesky_solve(y[:, None], L)[:, 0]
    return (
        -0.5 * y @ alpha - torch.log(torch.diagonal(L)).sum() - 0.5 * len(y) * math.log(2 * math.pi)
    )


def multivariate_normal(mean, A, x):
    cov = A @ A.T + 2.0 * torch.eye(3, dtype=A.dtype)
    return torch.distributions.MultivariateNormal(mean, cov, validate_args=False).log_prob(x)


def mixture(logits, means, log_scales, x):
    mix = torch.distributions.Categorical(logits=logits)
    comp = torch.distributions.Normal(means, log_scales.exp())
    return torch.distributions.MixtureSameFamily(mix, comp).log_prob(x).sum()


def distributions(a, b, x):
    gamma = torch.distributions.Gamma(a, b).log_prob(x)
    beta = torch.distributions.Beta(a, b).log_prob(x / 4)
    student = torch.distributions.StudentT(a).log_prob(x)
    kl = torch.distributions.kl_divergence(
        torch.distributions.Normal(a, b), torch.distributions.Normal(b, a)
    )
    return (gamma + beta + student + kl).sum()


def lotka_volterra(theta, state):
    dt = 0.05

    def f(s):
        x, y = s[0], s[1]
        return torch.stack([theta[0] * x - theta[1] * x * y, theta[2] * x * y - theta[3] * y])

    for _ in range(6):
        k1 = f(state)
        k2 = f(state + dt / 2 * k1)
        k3 = f(state + dt / 2 * k2)
        k4 = f(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state.sum()


def unrolled_sgd(w, x, y, log_lr):
    for _ in range(3):
        loss = ((torch.tanh(x @ w) - y) ** 2).mean()
        (g,) = torch.autograd.grad(loss, w, create_graph=True)
        w = w - torch.exp(log_lr) * g
    return ((torch.tanh(x @ w) - y) ** 2).mean()


def meta(w, x):
    inner = torch.func.grad(lambda v: (torch.sin(v) * x).sum())
    return (torch.func.vmap(torch.func.grad(lambda a: torch.exp(a) * a))(inner(w)) ** 2).sum()


def hessian_trace(x):
    return torch.trace(torch.func.hessian(lambda v: (v**3).sum() + v.prod())(x))


def jvp_of(x, v):
    return torch.func.jvp(lambda a: torch.sin(a) * a, (x,), (v,))[1].sum()


def sorted_loss(x):
    s, _ = torch.sort(x, descending=True)
    return (s * torch.arange(len(x), dtype=x.dtype)).sum() + x.topk(2).values.prod() + x.median()


def quantile_loss(x):
    return torch.quantile(x, 0.3) * torch.quantile(x, torch.tensor([0.5, 0.9], dtype=x.dtype)).sum()


def pinball(pred, y):
    e = y - pred
    return torch.maximum(0.9 * e, -0.1 * e).mean()


def focal(logits, target):
    ce = F.cross_entropy(logits, target, reduction="none", label_smoothing=0.1)
    pt = torch.exp(-ce)
    return ((1 - pt) ** 2 * ce).mean()


def contrastive(a, b):
    a, b = F.normalize(a, dim=-1), F.normalize(b, dim=-1)
    logits = a @ b.T / 0.2
    labels = torch.arange(len(a))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def binary(logits, y):
    return F.binary_cross_entropy_with_logits(logits, y) + F.binary_cross_entropy(
        torch.sigmoid(logits), y
    )


def losses(x, y):
    signs = torch.tensor([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
    p, q = F.log_softmax(x, -1), F.softmax(y, -1)
    return (
        F.mse_loss(x, y)
        + F.l1_loss(x, y)
        + F.smooth_l1_loss(x, y)
        + F.huber_loss(x, y, delta=0.7)
        + F.kl_div(p, q, reduction="batchmean")
        + F.cosine_embedding_loss(x, y, torch.ones(len(x)))
        + F.poisson_nll_loss(x, y.abs())
        + F.gaussian_nll_loss(x, y, x.exp())
        + F.triplet_margin_loss(x, y, x.flip(0))
        + F.soft_margin_loss(x, signs)
        + F.hinge_embedding_loss(x, signs)
        + F.margin_ranking_loss(x, y, signs)
        + F.multi_margin_loss(x, torch.tensor([0, 2]))
    )


def bag(weight):
    tokens = torch.tensor([1, 2, 4, 5, 4, 3])
    offsets = torch.tensor([0, 4])
    return (F.embedding_bag(tokens, weight, offsets, mode="sum") ** 2).sum()


def in_place(x):
    y = x.clone()
    y[0] = x[1] * x[2]
    y += 0.5
    y.mul_(2.0).sub_(x.T)
    y[..., -1].add_(x[:, 0] ** 2)
    y[y > 1.0] = 1.0
    y.masked_fill_(y < -0.9, 0.0)
    y[:, [0, 2]] *= 0.5
    return y.pow(3).sum()


def filled(x):
    out = torch.zeros(3, 3, dtype=x.dtype)
    for i in range(3):
        for j in range(i + 1):
            out[i, j] = x[i] * torch.cos(x[j])
    out.diagonal().add_(x)
    return torch.linalg.det(out @ out.T + torch.eye(3, dtype=x.dtype))


def branches(x):
    if x.sum() > 0:
        y = torch.exp(-x)
    else:
        y = x**2
    for v in y:
        if v > 0.5 and v < 3.0:
            y = y * v
    return y.sum()


def newton(a):
    x = a
    while abs(x * x - a) > 1e-6:
        x = 0.5 * (x + a / x)
    return x


def huber_where(x):
    return torch.where(x.abs() < 1, 0.5 * x**2, x.abs() - 0.5).sum()


def einsums(A, B, v):
    return (
        torch.einsum("ij,jk,k->", A, B, v)
        + torch.einsum("ii", A)
        + torch.einsum("ij,ij->i", A, B).prod()
    )


def checkpointed(x):
    h = checkpoint(lambda a: torch.sin(a) * a, x, use_reentrant=False)
    return checkpoint(lambda a: torch.tanh(a).sum(), h, use_reentrant=False)


def vmapped(W, x):
    return torch.vmap(lambda a: torch.tanh(W @ a).prod())(x).sum()


def activations(x):
    found = 0.0
    for f in (
        F.relu,
        F.relu6,
        F.elu,
        F.selu,
        F.celu,
        F.gelu,
        F.silu,
        F.mish,
        F.softplus,
        F.hardswish,
        F.leaky_relu,
        F.logsigmoid,
        F.tanhshrink,
        F.softsign,
        F.hardtanh,
        F.softshrink,
        F.rrelu,
        F.hardshrink,
    ):
        found = found + (f(x) * torch.arange(1, len(x) + 1)).sum()
    return found + F.glu(x[:6]).sum() + F.softmin(x, 0)[0] + F.threshold(x, 0.1, 2.0).sum()


def spectral(A):
    S = A @ A.T
    w = torch.linalg.eigvalsh(S)
    s = torch.linalg.svdvals(A)
    return torch.log(w).sum() + s.prod() + torch.linalg.matrix_norm(A, "nuc") + torch.logdet(S)


def ridge(X, y, log_lam):
    A = X.T @ X + torch.exp(log_lam) * torch.eye(X.shape[1], dtype=X.dtype)
    w = torch.linalg.solve(A, X.T @ y)
    return ((X @ w - y) ** 2).sum() + torch.linalg.inv(A).trace()


def image(x):
    y = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    y = F.pad(y, (1, 1, 1, 1), mode="reflect")
    grid = F.affine_grid(
        torch.tensor([[[0.9, 0.1, 0.0], [0.0, 0.8, 0.1]]], dtype=x.dtype),
        (1, 1, 4, 4),
        align_corners=False,
    )
    z = F.grid_sample(y, grid, align_corners=False)
    return (z**2).sum() + F.unfold(y, 3).prod(1).sum()


def complexity(x):
    t = torch.linspace(0, 1, 5, dtype=x.dtype)
    a = torch.outer(t, x).cumsum(0).diff(dim=0)
    b = torch.meshgrid(x, x, indexing="ij")[0].tril().roll(1, 0)
    c = torch.logsumexp(torch.stack([x, x * 2]), 0).flip(0).unfold(0, 2, 1)
    return (
        a.prod(0).sum()
        + b.norm()
        + c.std()
        + torch.kron(x, x).sum()
        + torch.cross(x, x * x, dim=0).sum()
    )
