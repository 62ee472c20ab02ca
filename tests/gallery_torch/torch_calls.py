"""The functions of the gallery with arguments; those of modules with seeded parameters."""

import torch_networks as N
import numpy as np
import torch
import torch.nn as nn

import torch_functions as G


def t(*shape, seed=0, positive=False):
    x = torch.tensor(np.random.default_rng(seed + sum(shape)).normal(size=shape))
    return (x.abs() + 0.3 if positive else x).requires_grad_()


def module(make, *args, **how):
    torch.manual_seed(0)
    return make(*args, **how).double()


def calls():
    """Return functions and arguments, by name."""
    cnn, cnn_eval = module(N.CNN), module(N.CNN).eval()
    target = torch.tensor([0, 2])
    tokens = torch.tensor([[1, 2, 0], [4, 4, 6]])
    params = [(t(2, 3), t(3)), (t(3, 1), t(1))]
    return {
        "MLP": (module(N.MLP), (t(3, 4),)),
        "CNN in training": (cnn, (t(2, 1, 4, 4), target)),
        "CNN in use": (cnn_eval, (t(2, 1, 4, 4), target)),
        "attention": (module(N.Attention), (t(1, 3, 4),)),
        "encoder": (module(N.Encoder), (t(1, 3, 4),)),
        "LSTM": (module(N.Recurrent, nn.LSTM), (t(2, 3, 2),)),
        "GRU": (module(N.Recurrent, nn.GRU), (t(2, 3, 2),)),
        "RNN": (module(N.Recurrent, nn.RNN), (t(2, 3, 2),)),
        "norms": (module(N.Norms), (t(2, 4, 6),)),
        "residual": (module(N.Residual).eval(), (t(2, 3),)),
        "autoencoder": (module(N.AutoEncoder), (t(2, 1, 8),)),
        "embedded": (module(N.Embedded), (tokens, torch.tensor([0, 1]))),
        "functional MLP": (G.functional_mlp, (params, t(4, 2), t(4, 1))),
        "sdpa": (G.sdpa, (t(1, 2, 3, 4), t(1, 2, 3, 4, seed=1), t(1, 2, 3, 4, seed=2))),
        "Gaussian process": (G.gp_log_likelihood, (t(4, 2), t(4), t(), t())),
        "normal distribution": (G.multivariate_normal, (t(3), t(3, 3), t(3, seed=1))),
        "mixture": (G.mixture, (t(3), t(3, seed=1), t(3, seed=2), t(5, 1))),
        "distributions": (
            G.distributions,
            (t(3, positive=True), t(3, seed=1, positive=True), t(3, seed=2, positive=True)),
        ),
        "Lotka-Volterra": (G.lotka_volterra, (t(4), t(2))),
        "unrolled SGD": (G.unrolled_sgd, (t(3), t(5, 3), t(5), t())),
        "meta": (G.meta, (t(3), t(3, seed=1))),
        "hessian trace": (G.hessian_trace, (t(3),)),
        "jvp": (G.jvp_of, (t(3), t(3, seed=1))),
        "sorted": (G.sorted_loss, (t(5),)),
        "quantile": (G.quantile_loss, (t(7),)),
        "pinball": (G.pinball, (t(5), t(5, seed=1))),
        "focal": (G.focal, (t(4, 3), torch.tensor([0, 2, 1, 1]))),
        "contrastive": (G.contrastive, (t(3, 4), t(3, 4, seed=1))),
        "binary": (G.binary, (t(4), torch.tensor([0.0, 1.0, 0.3, 1.0]).double())),
        "losses": (G.losses, (t(2, 3), t(2, 3, seed=1))),
        "bag": (G.bag, (t(7, 3),)),
        "in place": (G.in_place, (t(3, 3),)),
        "filled": (G.filled, (t(3),)),
        "branches": (G.branches, (t(4, positive=True),)),
        "Newton": (G.newton, (torch.tensor(2.0).double().requires_grad_(),)),
        "where": (G.huber_where, (t(6),)),
        "einsum": (G.einsums, (t(3, 3), t(3, 3, seed=1), t(3))),
        "checkpoint": (G.checkpointed, (t(4),)),
        "vmap": (G.vmapped, (t(3, 3), t(4, 3))),
        "spectral": (G.spectral, (t(3, 3),)),
        "ridge": (G.ridge, (t(5, 3), t(5), t())),
        "image": (G.image, (t(1, 1, 3, 3),)),
        "pieces": (G.complexity, (t(3),)),
    }
