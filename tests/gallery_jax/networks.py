"""Networks, as people write them with JAX."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random


def draw(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def mlp(params, x, y):
    for W, b in params[:-1]:
        x = jnp.tanh(x @ W + b)
    W, b = params[-1]
    return jnp.mean((x @ W + b - y) ** 2)


def mlp_arguments():
    sizes = [(3, 5), (5, 4), (4, 2)]
    params = [(draw(*s, seed=k) / 2, jnp.zeros(s[1]) + 0.1) for k, s in enumerate(sizes)]
    return params, draw(6, 3, seed=9), draw(6, 2, seed=10)


def relu_net(params, x):
    h = jax.nn.relu(params["w1"] @ x + params["b1"])
    h = jax.nn.leaky_relu(params["w2"] @ h, 0.2)
    return jnp.sum(h**2)


def relu_net_arguments():
    params = {"w1": draw(5, 3), "b1": draw(5, seed=1), "w2": draw(4, 5, seed=2)}
    return params, draw(3, seed=3)


def cnn(params, images, labels):
    x = lax.conv_general_dilated(
        images, params["k1"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    x = jax.nn.relu(x + params["b1"])
    x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = lax.conv(jnp.transpose(x, (0, 3, 1, 2)), params["k2"], (1, 1), "VALID")
    x = jax.nn.gelu(x).reshape(x.shape[0], -1)
    logits = x @ params["w"]
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))


def cnn_arguments():
    params = {
        "k1": draw(3, 3, 1, 2) / 3,
        "b1": draw(2, seed=1),
        "k2": draw(3, 2, 2, 2, seed=2),
        "w": draw(12, 3, seed=3) / 2,
    }
    return params, draw(2, 6, 6, 1, seed=4), jnp.array([0, 2])


def grouped_conv(x, k):
    y = lax.conv_general_dilated(
        x, k, (2, 1), [(1, 0), (2, 1)], rhs_dilation=(1, 2), feature_group_count=2
    )
    return jnp.sum(jnp.sin(y))


def grouped_conv_arguments():
    return draw(1, 4, 5, 6), draw(6, 2, 2, 2, seed=1)


def transposed_conv(x, k):
    return jnp.sum(lax.conv_transpose(x, k, (2,), "SAME") ** 2)


def transposed_conv_arguments():
    return draw(2, 4, 3), draw(3, 3, 2, seed=1)


def average_pool(x):
    y = lax.reduce_window(x, 0.0, lax.add, (2, 3), (1, 2), "SAME")
    return jnp.sum(jnp.exp(y / 6))


def average_pool_arguments():
    return (draw(4, 5),)


class Attention(NamedTuple):
    q: jax.Array
    k: jax.Array
    v: jax.Array
    out: jax.Array


def attention(weights, x):
    n, d = x.shape
    heads = 2

    def split(y):
        return y.reshape(n, heads, -1).transpose(1, 0, 2)

    q, k, v = (split(x @ w) for w in (weights.q, weights.k, weights.v))
    scores = jnp.einsum("hid,hjd->hij", q, k) / jnp.sqrt(q.shape[-1])
    mask = jnp.tril(jnp.ones((n, n), dtype=bool))
    probabilities = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf), axis=-1)
    y = (probabilities @ v).transpose(1, 0, 2).reshape(n, d) @ weights.out
    return jnp.sum(y**2)


def attention_arguments():
    return Attention(*(draw(4, 4, seed=k) for k in range(4))), draw(3, 4, seed=5)


def lstm(params, xs):
    def cell(carry, x):
        h, c = carry
        i, f, g, o = jnp.split(params["W"] @ jnp.concatenate([x, h]) + params["b"], 4)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    start = (jnp.zeros(3), jnp.zeros(3))
    (h, _), hs = lax.scan(cell, start, xs)
    return jnp.sum(hs**2) + h[0]


def lstm_arguments():
    return {"W": draw(12, 5) / 2, "b": draw(12, seed=1)}, draw(4, 2, seed=2)


@jax.jit
def gru(params, xs):
    def cell(h, x):
        z = jax.nn.sigmoid(params[0] @ x + params[1] @ h)
        r = jax.nn.sigmoid(params[2] @ x + params[3] @ h)
        n = jnp.tanh(params[4] @ x + params[5] @ (r * h))
        return (1 - z) * n + z * h, None

    h, _ = lax.scan(cell, jnp.zeros(3), xs, reverse=True)
    return jnp.dot(h, h)


def gru_arguments():
    return tuple(draw(3, 2 if k % 2 == 0 else 3, seed=k) / 2 for k in range(6)), draw(5, 2)


def layer_norm(x, gamma, beta):
    mean = x.mean(-1, keepdims=True)
    var = x.var(-1, keepdims=True)
    return jnp.sum(jnp.tanh((x - mean) * lax.rsqrt(var + 1e-5) * gamma + beta))


def layer_norm_arguments():
    return draw(3, 4), draw(4, seed=1), draw(4, seed=2)


def batch_norm(x, gamma, beta):
    y = (x - jnp.mean(x, axis=0)) / jnp.sqrt(jnp.var(x, axis=0) + 1e-3)
    return jnp.sum(jax.nn.softplus(gamma * y + beta))


def batch_norm_arguments():
    return draw(5, 3), draw(3, seed=1), draw(3, seed=2)


def cross_entropy(logits, labels):
    hot = jax.nn.one_hot(labels, logits.shape[-1])
    return -jnp.mean(jnp.sum(hot * jax.nn.log_softmax(logits), axis=-1))


def cross_entropy_arguments():
    return draw(4, 3), jnp.array([0, 2, 1, 1])


ACTIVATIONS = (
    jax.nn.relu, partial(jax.nn.gelu, approximate=False), jax.nn.gelu, jax.nn.silu,
    jax.nn.softplus, jax.nn.elu, jax.nn.selu, jax.nn.celu, jax.nn.mish, jax.nn.hard_tanh,
    jax.nn.log_sigmoid, jax.nn.squareplus, jax.nn.soft_sign, jax.nn.relu6, jax.nn.hard_sigmoid,
    jax.nn.hard_silu, jax.nn.leaky_relu, jax.nn.sparse_plus, jax.nn.sparse_sigmoid,
    jax.nn.tanh, jax.nn.sigmoid, jax.nn.glu, jax.nn.standardize,
)  # fmt: skip


def activations(x):
    return sum(jnp.sum(jnp.sin((k + 1) * f(x))) for k, f in enumerate(ACTIVATIONS))


def activations_arguments():
    return (jnp.array([-1.3, -0.4, 0.25, 2.2]),)


def dropout(x, key):
    keep = random.bernoulli(key, 0.7, x.shape)
    noise = random.normal(key, x.shape)
    return jnp.sum(jnp.where(keep, x / 0.7, 0.0) ** 2 + 0.1 * noise * x)


def dropout_arguments():
    return draw(6), random.key(3)


def old_key(x):
    k1, k2 = random.split(random.PRNGKey(1))
    order = random.permutation(k2, 4)
    return jnp.sum(x[order] * random.uniform(k1, (4,)))


def old_key_arguments():
    return (draw(4),)


@partial(jax.checkpoint, policy=jax.checkpoint_policies.dots_saveable)
def block(w, x):
    return jnp.sin(w @ x)


def checkpointed(ws, x):
    return jnp.sum(lax.scan(lambda h, w: (block(w, h), None), x, ws)[0])


def checkpointed_arguments():
    return draw(3, 4, 4), draw(4, seed=1)


def vae(params, x, key):
    mean, log_var = params["e"] @ x, params["v"] @ x
    z = mean + jnp.exp(0.5 * log_var) * random.normal(key, mean.shape)
    kl = -0.5 * jnp.sum(1 + log_var - mean**2 - jnp.exp(log_var))
    return jnp.sum((params["d"] @ z - x) ** 2) + kl


def vae_arguments():
    return (
        {"e": draw(2, 4), "v": draw(2, 4, seed=1) / 3, "d": draw(4, 2, seed=2)},
        draw(4, seed=3),
        random.key(0),
    )


def embedding(table, tokens):
    return jnp.sum(jnp.max(table[tokens], axis=0) ** 2)


def embedding_arguments():
    return draw(5, 3), jnp.array([1, 4, 1, 0])


def dot_product_attention(q, k, v):
    return jnp.sum(jax.nn.dot_product_attention(q, k, v, is_causal=True) ** 2)


def dot_product_attention_arguments():
    return draw(1, 3, 2, 2), draw(1, 3, 2, 2, seed=1), draw(1, 3, 2, 2, seed=2)


def contrastive(a, b):
    a = a / jnp.linalg.norm(a, axis=-1, keepdims=True)
    b = b / jnp.linalg.norm(b, axis=-1, keepdims=True)
    logits = a @ b.T / 0.1
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


def contrastive_arguments():
    return draw(4, 3), draw(4, 3, seed=1)
