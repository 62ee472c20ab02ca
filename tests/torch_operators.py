"""Uses of every operator of ATen that is known: by row, functions of arrays, and the arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

aten = torch.ops.aten
Case = tuple[Callable[..., Any], tuple[Any, ...]]

UNIT = np.array([0.35, 0.75, 0.55])
ROWS = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]])
OTHER = np.array([[-0.75, 0.4, 1.1], [0.35, -2.0, 0.9]])
WIDE = np.array([-4.5, -2.2, -0.7, 0.2, 0.9, 2.6, 5.5])
SQUARE = np.array([[2.0, 0.5, -0.3], [0.25, 3.0, 0.7], [-0.6, 0.1, 2.5]])
POSITIVE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.25], [0.5, -0.25, 2.0]])
TALL = np.array([[1.0, 0.5], [-0.3, 2.0], [0.75, -1.5]])
CUBE = np.random.default_rng(1).normal(size=(2, 3, 3))
CUBE2 = np.random.default_rng(2).normal(size=(2, 3, 3))
LINE = np.random.default_rng(3).normal(size=(2, 2, 7))
IMAGE = np.random.default_rng(4).normal(size=(1, 2, 6, 5))
VOLUME = np.random.default_rng(5).normal(size=(1, 2, 4, 4, 4))
AT = torch.tensor([[0, 2, 1], [1, 1, 0]])
PICK = torch.tensor([2, 0])
ODD = torch.tensor([[True, False, True], [False, True, False]])


def of(function: Callable[..., Any], *arrays: Any) -> list[Case]:
    return [(function, arrays)]


def drawn(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def called(name: str, *arrays: Any) -> list[Case]:
    return of(getattr(torch, name, None) or getattr(torch.special, name), *arrays)


def direct(name: str, *arrays: Any, then: tuple[Any, ...] = ()) -> list[Case]:
    packet, _, overload = name.partition(".")
    operator = getattr(getattr(aten, packet), overload or "default")
    return of(lambda *x: operator(*x, *then), *arrays)


def pulled(forward: Callable[..., Any], *arrays: Any) -> list[Case]:
    """Return the pullback of a function, as a function of its arrays."""

    def pullback(*x: Any) -> Any:
        y = forward(*x)
        weights = torch.cos(torch.arange(y.numel(), dtype=y.dtype)).reshape(y.shape)
        found = torch.autograd.grad((y * weights).sum(), x, create_graph=True)
        return tuple(g for g in found if g.requires_grad) or found

    return of(pullback, *arrays)


ELEMENTWISE: dict[str, list[Case]] = (
    {
        name: called(name, UNIT)
        for name in (
            "abs", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt",
            "reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
            "asinh", "atanh", "erf", "erfc", "erfinv", "lgamma", "sign", "floor", "ceil", "trunc",
            "relu", "sigmoid", "i0", "frac", "neg", "deg2rad", "rad2deg", "round",
            "rsqrt", "sgn", "logit", "sinc",
        )
    }
    | {f"special_{name}": of(getattr(torch.special, name), UNIT + 0.3)
       for name in ("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_i0",
                    "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1")}
    | {f"special_{name}": of(getattr(torch.special, name), UNIT)
       for name in ("entr", "erfcx", "i0e", "i1", "i1e", "log_ndtr", "ndtri")}
    | {
        "acosh": called("acosh", UNIT + 1.0),
        "celu": of(lambda x: F.celu(x, 0.75), WIDE),
        "digamma": called("digamma", UNIT),
        "polygamma": of(lambda x: torch.polygamma(0, x), UNIT),
        "elu": of(lambda x: F.elu(x, 0.7), WIDE) + of(F.selu, WIDE),
        "gelu": of(F.gelu, WIDE) + of(lambda x: F.gelu(x, approximate="tanh"), WIDE),
        "hardshrink": of(F.hardshrink, WIDE),
        "hardsigmoid": of(lambda x: F.hardsigmoid(x.detach()) * x, WIDE),
        "hardswish": of(F.hardswish, WIDE),
        "hardtanh": of(F.hardtanh, WIDE) + of(lambda x: F.hardtanh(x, -3.0, 2.0), WIDE),
        "leaky_relu": of(lambda x: F.leaky_relu(x, 0.2), WIDE),
        "log_sigmoid_forward": of(F.logsigmoid, WIDE),
        "mish": of(F.mish, WIDE),
        "nan_to_num": of(torch.nan_to_num, WIDE),
        "silu": of(F.silu, WIDE),
        "softplus": of(lambda x: F.softplus(x, 1.5, 6.0), WIDE),
        "softshrink": of(F.softshrink, WIDE),
        "threshold": of(lambda x: F.threshold(x, 0.1, -0.3), WIDE),
    }
)  # fmt: skip

PAIRED: dict[str, list[Case]] = {
    name: called(name, ROWS, OTHER)
    for name in ("maximum", "minimum", "atan2", "hypot", "copysign", "logaddexp", "fmax", "fmin",
                 "remainder", "fmod", "mul", "logaddexp2")
} | {
    "_prelu_kernel": of(F.prelu, WIDE[None, :, None], np.array([0.3, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7])),
    "add": of(lambda x, y: torch.add(x, y, alpha=0.3) + 2, ROWS, OTHER),
    "addcdiv": of(lambda x, a, b: torch.addcdiv(x, a, b, value=0.3), ROWS, OTHER, ROWS + 0.1),
    "addcmul": of(lambda x, a, b: torch.addcmul(x, a, b, value=0.3), ROWS, OTHER, ROWS + 0.1),
    "clamp": of(lambda x: torch.clamp(x, -1.0, 1.0), ROWS)
    + of(lambda x, y: torch.clamp(x, max=y), ROWS, OTHER),
    "clamp_max": of(lambda x: torch.clamp_max(x, 0.6), ROWS),
    "clamp_min": of(lambda x: torch.clamp_min(x, 0.6), ROWS),
    "div": of(torch.div, ROWS, OTHER)
    + of(lambda x, y: torch.div(x, y, rounding_mode="floor") * x, ROWS, OTHER)
    + of(lambda x, y: torch.div(x, y, rounding_mode="trunc") * x, ROWS, OTHER),
    "floor_divide": of(lambda x, y: torch.floor_divide(x.detach(), y.detach()) * x, ROWS, OTHER),
    "heaviside": of(lambda x: torch.heaviside(x.detach(), torch.zeros_like(x)) * x, ROWS),
    "lerp": of(torch.lerp, ROWS, OTHER, ROWS[0]) + of(lambda x, y: torch.lerp(x, y, 0.3), ROWS, OTHER),
    "pow": of(lambda x, y: x**y + x**3 + 2.0**y + x**0.5 + x**-2, np.abs(ROWS), OTHER),
    "rsub": of(lambda x: torch.rsub(x, 2.0, alpha=0.5), ROWS) + of(lambda x: 1 - x, ROWS),
    "special_xlog1py": of(torch.special.xlog1py, ROWS, np.abs(OTHER)),
    "sub": of(lambda x, y: torch.sub(x, y, alpha=0.3), ROWS, OTHER),
    "xlogy": of(torch.xlogy, ROWS, np.abs(OTHER)),
    "convert_element_type": of(
        lambda x: torch.ops.prims.convert_element_type(x.detach(), torch.float64) * x, ROWS),
} | {
    name: of(lambda x, y, name=name: torch.where(getattr(torch, name)(x, y), x * y, x), ROWS, OTHER)
    for name in ("gt", "ge", "lt", "le", "eq", "ne")
} | {
    name: of(lambda x, y, name=name: torch.where(getattr(torch, name)(x > 0, y > 0), x * y, x),
             ROWS, OTHER)
    for name in ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or",
                 "bitwise_xor")
} | {
    name: of(lambda x, name=name: torch.where(getattr(torch, name)(x), x * x, x), ROWS)
    for name in ("isinf", "isnan", "signbit")
} | {
    "bitwise_not": of(lambda x: torch.where(~(x > 0), x * x, x), ROWS),
    "logical_not": of(lambda x: torch.where(torch.logical_not(x > 0), x * x, x), ROWS),
    "masked_fill": of(lambda x: x.masked_fill(x > 1, 0.5) * x.masked_fill(ODD, -1.0), ROWS),
    "where": of(lambda x: torch.where(ODD, x, 2.0) + torch.where(x > 0, x * x, 0.0), ROWS),
}  # fmt: skip

REDUCED: dict[str, list[Case]] = {
    name: of(lambda x, f=getattr(torch, name): f(x, dim=1), ROWS)
    for name in ("amax", "amin", "sum", "mean", "prod", "std", "var", "cumsum", "cumprod",
                 "logcumsumexp", "logsumexp", "nansum")
} | {
    name: of(lambda x, f=getattr(torch, name): f(x, dim=0, keepdim=True).values, ROWS)
    + of(lambda x, f=getattr(torch, name): f(x), ROWS)
    for name in ("max", "min", "median", "nanmedian")
} | {
    name: of(lambda x, f=getattr(torch, name): x.gather(1, f(x, dim=1, keepdim=True)), ROWS)
    for name in ("argmax", "argmin")
} | {
    name: of(lambda x, f=getattr(torch, name): f(x, dim=1).values, ROWS)
    for name in ("cummax", "cummin")
} | {
    "_log_softmax": of(lambda x: F.log_softmax(x, 1), ROWS),
    "_log_softmax_backward_data": pulled(lambda x: F.log_softmax(x, 1), ROWS),
    "_safe_softmax": direct("_safe_softmax", ROWS, then=(1,)),
    "_softmax": of(lambda x: F.softmax(x, 0), ROWS),
    "_softmax_backward_data": pulled(lambda x: F.softmax(x, 1), ROWS),
    "aminmax": of(lambda x: torch.stack(torch.aminmax(x, dim=1)), ROWS),
    "_is_all_true": of(lambda x: x * aten._is_all_true(x > -2), ROWS),
    "_is_any_true": of(lambda x: x * aten._is_any_true(x > 1.7), ROWS),
    "all": of(lambda x: torch.where((x > -2).all(1, keepdim=True), x * x, x), ROWS),
    "any": of(lambda x: torch.where((x > 1.7).any(1, keepdim=True), x * x, x), ROWS),
    "count_nonzero": of(lambda x: x * torch.count_nonzero(x), ROWS),
    "kthvalue": of(lambda x: torch.kthvalue(x, 2, dim=1).values, ROWS),
    "linalg_vector_norm": [
        case for p in (0.5, 1, 2, 3, float("inf"))
        for case in of(lambda x, p=p: torch.linalg.vector_norm(x, p, dim=1), ROWS)
    ],
    "norm": of(lambda x: x.norm() + x.norm(3, dim=0).sum(), ROWS) + direct("norm.Scalar", ROWS),
    "sort": of(lambda x: torch.sort(x, dim=1).values, ROWS),
    "sort.stable": of(lambda x: torch.sort(x, dim=1, descending=True, stable=True).values, ROWS)
    + of(lambda x: OTHER_T.gather(1, torch.sort(x, dim=1)[1]) * x, ROWS),
    "std_mean": of(lambda x: torch.stack(torch.std_mean(x, dim=1)), ROWS),
    "topk": of(lambda x: torch.topk(x, 2, dim=1).values, ROWS)
    + of(lambda x: x.gather(1, torch.topk(x, 2, dim=1, largest=False).indices), ROWS),
    "var_mean": of(lambda x: torch.stack(torch.var_mean(x, dim=1, correction=0)), ROWS),
}  # fmt: skip
OTHER_T = torch.tensor(OTHER)

MOVED: dict[str, list[Case]] = {
    f"{kind}_pad{n}d": of(
        lambda x, kind=kind, n=n: F.pad(x, (1, 2, 1, 1, 2, 1)[: 2 * n], mode=mode_of(kind)),
        {1: LINE, 2: IMAGE, 3: VOLUME}[n])
    for kind in ("reflection", "replication") for n in (1, 2, 3)
} | {
    f"{kind}_pad{n}d_backward": pulled(
        lambda x, kind=kind, n=n: F.pad(x, (1, 2, 1, 1, 2, 1)[: 2 * n], mode=mode_of(kind)) ** 2,
        {1: LINE, 2: IMAGE, 3: VOLUME}[n])
    for kind in ("reflection", "replication") for n in (1, 2, 3)
} | {
    f"{name}{n}d": of(
        lambda x, mode=mode: F.interpolate(x, scale_factor=2, mode=mode),
        {1: LINE, 2: IMAGE, 3: VOLUME}[n])
    for name, mode in (("upsample_nearest", "nearest"), ("_upsample_nearest_exact", "nearest-exact"))
    for n in (1, 2, 3)
} | {
    f"{name}{n}d_backward": pulled(
        lambda x, mode=mode: F.interpolate(x, scale_factor=2, mode=mode) ** 2,
        {1: LINE, 2: IMAGE, 3: VOLUME}[n])
    for name, mode in (("upsample_nearest", "nearest"), ("_upsample_nearest_exact", "nearest-exact"))
    for n in (1, 2, 3)
} | {
    "_reshape_copy": direct("_reshape_copy", ROWS, then=([3, 2],)),
    "_unsafe_index": direct("_unsafe_index.Tensor", ROWS, then=([PICK % 2],)),
    "as_strided_copy": direct("as_strided_copy", ROWS, then=([2, 2], [1, 2])),
    "as_strided_scatter": of(
        lambda x, y: torch.as_strided_scatter(x.detach(), y, [2, 2], [3, 1]), ROWS, SQUARE[:2, :2]),
    "block_diag": of(torch.block_diag, ROWS, SQUARE),
    "cat": of(lambda x, y: torch.cat([x, y, x], dim=1), ROWS, OTHER),
    "channel_shuffle": of(lambda x: F.channel_shuffle(x, 2) * x, drawn(1, 4, 2, 2)),
    "constant_pad_nd": of(lambda x: F.pad(x, (1, 2, 0, 1), value=0.3) ** 2, ROWS),
    "diag_embed": of(torch.diag_embed, ROWS),
    "diagonal_backward": pulled(lambda x: torch.diagonal(x) ** 2, SQUARE),
    "diagonal_copy": direct("diagonal_copy", SQUARE),
    "diagonal_scatter": of(torch.diagonal_scatter, SQUARE, UNIT),
    "embedding": of(lambda w: F.embedding(AT, w), SQUARE),
    "expand_copy": direct("expand_copy", UNIT, then=([2, 3],)),
    "flip": of(lambda x: torch.flip(x, [0, 1]), ROWS),
    "gather": of(lambda x: torch.gather(x, 1, AT), ROWS),
    "im2col": of(lambda x: F.unfold(x, 2, padding=1, stride=2), IMAGE),
    "index": of(lambda x: x[PICK][:, None, PICK[:1]] * x[x[:, 0] > 0.2].sum(), SQUARE),
    "index_copy": of(lambda x, y: x.index_copy(1, PICK, y), ROWS, SQUARE[:2, :2]),
    "index_fill": of(lambda x: x.index_fill(1, PICK, 0.7), ROWS),
    "index_select": of(lambda x: x.index_select(1, PICK), ROWS),
    "masked_scatter": of(lambda x, y: x.masked_scatter(ODD, y), ROWS, OTHER),
    "masked_select": of(lambda x: x.masked_select(ODD).sum() * x.masked_select(x > 0).sum(), ROWS),
    "max_unpool2d": of(lambda x: F.max_unpool2d(x, UNPOOL, 2), drawn(1, 1, 2, 2)),
    "max_unpool3d": of(lambda x: F.max_unpool3d(x, UNPOOL3, 2), drawn(1, 1, 1, 1, 2)),
    "narrow_copy": direct("narrow_copy", ROWS, then=(1, 1, 2)),
    "permute_copy": direct("permute_copy", ROWS, then=([1, 0],)),
    "pixel_shuffle": of(lambda x: F.pixel_shuffle(x, 2), drawn(1, 4, 2, 2)),
    "pixel_unshuffle": of(lambda x: F.pixel_unshuffle(x, 2), drawn(1, 1, 4, 4)),
    "repeat": of(lambda x: x.repeat(2, 3), ROWS),
    "_pack_padded_sequence": of(lambda x: torch.nn.utils.rnn.pack_padded_sequence(
        x, torch.tensor([3, 2]), batch_first=True).data, CUBE),
    "roll": of(lambda x: torch.roll(x, 1, 1), ROWS),
    "rot90": of(torch.rot90, ROWS),
    "select_backward": pulled(lambda x: x[1] ** 2, ROWS),
    "select_copy": direct("select_copy.int", ROWS, then=(0, 1)),
    "select_scatter": of(lambda x, y: torch.select_scatter(x, y, 0, 1), ROWS, UNIT),
    "slice_backward": pulled(lambda x: x[:, 1:] ** 2, ROWS),
    "slice_copy": direct("slice_copy.Tensor", ROWS, then=(1, 0, 2)),
    "slice_scatter": of(lambda x, y: torch.slice_scatter(x, y, 0, 1), ROWS, UNIT[None]),
    "split_copy": direct("split_copy.Tensor", ROWS, then=(1,)),
    "split_with_sizes_copy": direct("split_with_sizes_copy", ROWS, then=([1, 1],)),
    "squeeze_copy": direct("squeeze_copy", ROWS[None]),
    "stack": of(lambda x, y: torch.stack([x, y], dim=1), ROWS, OTHER),
    "t_copy": direct("t_copy", ROWS),
    "take": of(lambda x: torch.take(x, AT), ROWS),
    "transpose_copy": direct("transpose_copy.int", ROWS, then=(0, 1)),
    "tril": of(torch.tril, SQUARE),
    "triu": of(lambda x: torch.triu(x, 1), SQUARE),
    "unbind_copy": direct("unbind_copy.int", ROWS),
    "unfold_copy": direct("unfold_copy", ROWS, then=(1, 2, 1)),
    "unsqueeze_copy": direct("unsqueeze_copy", ROWS, then=(0,)),
    "view_copy": direct("view_copy", ROWS, then=([3, 2],)),
    "_conj_physical": direct("_conj_physical", ROWS),
    "_lazy_clone": direct("_lazy_clone", ROWS),
    "alias_copy": direct("alias_copy", ROWS),
    "clone": of(lambda x: x.clone() * x, ROWS),
    "detach_copy": of(lambda x: aten.detach_copy(x.detach()) * x, ROWS),
    "_to_copy": of(lambda x: x.to(torch.float64, copy=True) * (x > 0).double() * (x > 1).int(), ROWS),
    "copy": of(lambda x: torch.zeros(2, 2, 3, dtype=x.dtype).copy_(x) * x, ROWS),
    "fill": of(lambda x: torch.empty_like(x).fill_(x[0, 0]) * x.clone().fill_(2.0), ROWS),
    "zero": of(lambda x: x.clone().zero_() + x, ROWS),
    "scatter": of(lambda x, y: x.scatter(1, AT[:, :1], y[:, :1]), ROWS, OTHER)
    + of(lambda x: x.scatter(1, AT[:, :1], 0.4), ROWS),
    "scatter_add": of(lambda x, y: x.scatter_add(1, AT, y), ROWS, OTHER),
    "scatter_reduce": [
        case for how in ("sum", "mean", "prod", "amax", "amin") for own in (True, False)
        for case in of(lambda x, y, how=how, own=own: x.scatter_reduce(
            1, AT, y, how, include_self=own), ROWS, OTHER)
    ],
    "index_add": of(lambda x, y: x.index_add(1, PICK, y, alpha=0.5), ROWS, SQUARE[:2, :2]),
    "index_put": of(lambda x, y: x.index_put((PICK,), y), SQUARE, ROWS)
    + of(lambda x, y: x.index_put((PICK * 0,), y, accumulate=True), SQUARE, ROWS),
    "_index_put_impl": of(lambda x, y: aten._index_put_impl_(x.clone(), (PICK,), y, True), SQUARE, ROWS),
    "_unsafe_index_put": direct("_unsafe_index_put", SQUARE, then=([PICK], OTHER_T, True)),
    "_embedding_bag": [
        case for mode in ("sum", "mean", "max")
        for case in of(lambda w, mode=mode: F.embedding_bag(
            AT.flatten(), w, torch.tensor([0, 4]), mode=mode), SQUARE)
    ] + of(lambda w, s: F.embedding_bag(AT, w, per_sample_weights=s, mode="sum"), SQUARE, ROWS),
    "_embedding_bag_forward_only": of(
        lambda w: w[:2] * F.embedding_bag(AT, w.detach(), padding_idx=1), SQUARE),
    "embedding_dense_backward": pulled(lambda w: F.embedding(AT, w) ** 2, SQUARE),
    "unfold_backward": pulled(lambda x: x.unfold(1, 2, 1) ** 2, ROWS),
    "col2im": of(lambda x: F.fold(x, (3, 3), 2), drawn(1, 8, 4)),
}  # fmt: skip
UNPOOL = torch.tensor([[[[0, 3], [9, 14]]]])
UNPOOL3 = torch.tensor([[[[[1, 6]]]]])


def mode_of(kind: str) -> str:
    return {"reflection": "reflect", "replication": "replicate"}[kind]


def conv(n: int, name: str = "conv", **how: Any) -> Callable[..., Any]:
    return lambda x, w, b: getattr(F, f"{name}{n}d")(x, w, b, **how)


WINDOWS: dict[str, list[Case]] = {
    "convolution": (
        of(conv(1, stride=2, padding=1), LINE, drawn(3, 2, 3), UNIT)
        + of(conv(2, padding=1, dilation=2), IMAGE, drawn(3, 2, 2, 3), UNIT)
        + of(conv(2, groups=2), IMAGE, drawn(4, 1, 2, 2), drawn(4))
        + of(conv(3), VOLUME, drawn(1, 2, 2, 2, 2), drawn(1))
        + of(conv(1, "conv_transpose", stride=2, padding=1, output_padding=1),
             LINE, drawn(2, 3, 3), UNIT)
        + of(conv(2, "conv_transpose", stride=2, dilation=2, groups=2),
             IMAGE, drawn(2, 2, 2, 2), drawn(4))
        + of(conv(2, padding="same"), IMAGE, drawn(3, 2, 3, 3), UNIT)
        + of(conv(1), LINE[0], drawn(3, 2, 3), UNIT)
    ),
    "convolution_backward": (
        pulled(conv(1, stride=2, padding=1), LINE, drawn(3, 2, 3), UNIT)
        + pulled(conv(2, padding=1, dilation=2), IMAGE, drawn(3, 2, 2, 3), UNIT)
        + pulled(conv(2, groups=2, stride=2), IMAGE, drawn(4, 1, 2, 2), drawn(4))
        + pulled(conv(1, "conv_transpose", stride=2, padding=1, output_padding=1),
                 LINE, drawn(2, 3, 3), UNIT)
        + pulled(conv(2, "conv_transpose", stride=2, groups=2), IMAGE, drawn(2, 2, 2, 2), drawn(4))
    ),
    "avg_pool2d": of(lambda x: F.avg_pool1d(x, 3, 2, 1), LINE)
    + of(lambda x: F.avg_pool2d(x, 2, ceil_mode=True), IMAGE)
    + of(lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), IMAGE),
    "avg_pool2d_backward": pulled(lambda x: F.avg_pool2d(x, 3, 2, 1) ** 2, IMAGE),
    "avg_pool3d": of(lambda x: F.avg_pool3d(x, 2), VOLUME),
    "avg_pool3d_backward": pulled(lambda x: F.avg_pool3d(x, 2) ** 2, VOLUME),
    "max_pool2d_with_indices": of(lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), IMAGE)
    + of(lambda x: F.max_pool1d(x, 2), LINE),
    "max_pool2d_with_indices_backward": pulled(lambda x: F.max_pool2d(x, 2) ** 2, IMAGE),
    "max_pool3d_with_indices": of(lambda x: F.max_pool3d(x, 2), VOLUME),
    "max_pool3d_with_indices_backward": pulled(lambda x: F.max_pool3d(x, 2) ** 2, VOLUME),
    "_adaptive_avg_pool2d": of(lambda x: F.adaptive_avg_pool2d(x, (4, 3)), IMAGE),
    "_adaptive_avg_pool2d_backward": pulled(lambda x: F.adaptive_avg_pool2d(x, (4, 3)) ** 2, IMAGE),
    "_adaptive_avg_pool3d": of(lambda x: F.adaptive_avg_pool3d(x, (2, 3, 2)), VOLUME),
    "_adaptive_avg_pool3d_backward": pulled(
        lambda x: F.adaptive_avg_pool3d(x, (2, 3, 2)) ** 2, VOLUME),
    "adaptive_max_pool2d": of(lambda x: F.adaptive_max_pool2d(x, (4, 3)), IMAGE),
    "adaptive_max_pool2d_backward": pulled(lambda x: F.adaptive_max_pool2d(x, (4, 3)) ** 2, IMAGE),
    "adaptive_max_pool3d": of(lambda x: F.adaptive_max_pool3d(x, (2, 3, 2)), VOLUME),
    "adaptive_max_pool3d_backward": pulled(
        lambda x: F.adaptive_max_pool3d(x, (2, 3, 2)) ** 2, VOLUME),
    "native_layer_norm": of(lambda x, w, b: F.layer_norm(x, (3,), w, b), ROWS, UNIT, UNIT),
    "native_group_norm": of(lambda x, w, b: F.group_norm(x, 2, w, b), drawn(2, 4, 3), drawn(4), drawn(4)),
    "native_batch_norm": of(
        lambda x, w, b: F.batch_norm(x, torch.zeros(2).double(), torch.ones(2).double(), w, b, True),
        LINE, drawn(2), drawn(2)) + of(
        lambda x: F.batch_norm(x, torch.ones(2).double(), torch.ones(2).double()), LINE),
    "_native_batch_norm_legit": of(
        lambda x: aten._native_batch_norm_legit(
            x, None, None, torch.zeros(2).double(), torch.ones(2).double(), True, 0.1, 1e-5)[0], LINE),
    "_native_batch_norm_legit.no_stats": of(
        lambda x: aten._native_batch_norm_legit.no_stats(x, None, None, True, 0.1, 1e-5)[0], LINE),
    "_native_batch_norm_legit_no_training": of(
        lambda x: aten._native_batch_norm_legit_no_training(
            x, None, None, torch.zeros(2).double(), torch.ones(2).double(), 0.1, 1e-5)[0], LINE),
    "native_batch_norm_backward": pulled(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True) ** 2, LINE, drawn(2), drawn(2)),
    "native_dropout": of(lambda x: torch.native_dropout(x, 0.5, False)[0], ROWS),
}  # fmt: skip

ALGEBRA: dict[str, list[Case]] = {
    "_addmm_activation": of(
        lambda c, a, b: aten._addmm_activation(c.detach(), a.detach(), b.detach()) @ b,
        UNIT, ROWS, SQUARE),
    "_cdist_forward": of(torch.cdist, ROWS, SQUARE) + of(lambda a, b: torch.cdist(a, b, 1.0), ROWS, SQUARE),
    "_linalg_eigh": of(lambda a: torch.linalg.eigh(a)[0], POSITIVE)
    + of(torch.linalg.eigvalsh, POSITIVE)
    + of(lambda a: torch.linalg.eigh(a, UPLO="U")[1] ** 2, POSITIVE),
    "_linalg_svd": of(torch.linalg.svdvals, TALL)
    + of(lambda a: torch.linalg.svd(a, full_matrices=False)[0] ** 2, TALL),
    "_trilinear": of(F.bilinear, ROWS, SQUARE[:2, :2], drawn(2, 3, 2)),
    "addbmm": of(torch.addbmm, SQUARE, CUBE, CUBE2),
    "addmm": of(lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=2), UNIT, ROWS, SQUARE),
    "addmv": of(lambda c, a, b: torch.addmv(c, a, b), UNIT[:2], ROWS, UNIT),
    "addr": of(torch.addr, ROWS, UNIT[:2], UNIT),
    "baddbmm": of(torch.baddbmm, CUBE, CUBE, CUBE2),
    "bmm": of(torch.bmm, CUBE, CUBE2) + of(lambda a, b: torch.einsum("bij,bkj->ik", a, b), CUBE, CUBE2),
    "cholesky": of(torch.cholesky, POSITIVE),
    "cholesky_inverse": of(lambda a: torch.cholesky_inverse(torch.linalg.cholesky(a)), POSITIVE),
    "cholesky_solve": of(lambda b, a: torch.cholesky_solve(b, torch.linalg.cholesky(a)), TALL, POSITIVE),
    "dot": of(torch.dot, UNIT, UNIT + 1),
    "linalg_cholesky_ex": of(torch.linalg.cholesky, POSITIVE)
    + of(lambda a: torch.linalg.cholesky(a, upper=True), POSITIVE),
    "linalg_cross": of(torch.linalg.cross, ROWS, OTHER),
    "linalg_inv_ex": of(torch.linalg.inv, SQUARE),
    "linalg_lstsq": of(lambda a, b: torch.linalg.lstsq(a, b).solution, TALL, TALL[:, ::-1].copy()),
    "linalg_matrix_exp": of(torch.linalg.matrix_exp, SQUARE),
    "linalg_pinv": of(torch.linalg.pinv, TALL),
    "linalg_qr": of(lambda a: torch.linalg.qr(a)[1] ** 2, TALL)
    + of(lambda a: torch.linalg.qr(a.detach(), mode="r")[1] ** 2 * a[0], TALL),
    "linalg_solve_triangular": of(
        lambda a, b: torch.linalg.solve_triangular(a, b, upper=True), SQUARE, TALL)
    + of(lambda a, b: torch.linalg.solve_triangular(a, b, upper=False, left=False), SQUARE, ROWS)
    + of(lambda a, b: torch.linalg.solve_triangular(a, b, upper=True, unitriangular=True), SQUARE, TALL),
    "mm": of(torch.mm, ROWS, SQUARE),
    "mv": of(torch.mv, ROWS, UNIT),
    "trace": of(torch.trace, SQUARE),
    "triangular_solve": of(lambda b, a: torch.triangular_solve(b, a, transpose=True)[0], TALL, SQUARE),
    "vdot": of(torch.vdot, UNIT, UNIT + 1),
    "_linalg_det": of(torch.linalg.det, SQUARE) + pulled(torch.linalg.det, SQUARE),
    "_linalg_slogdet": of(lambda a: torch.linalg.slogdet(a)[1], SQUARE) + of(torch.logdet, SQUARE),
    "_linalg_solve_ex": of(torch.linalg.solve, SQUARE, TALL) + of(torch.linalg.solve, SQUARE, UNIT)
    + of(lambda a, b: torch.linalg.solve(a, b, left=False), SQUARE, ROWS),
    "linalg_lu_factor_ex": of(
        lambda a, b: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b), SQUARE, TALL),
    "linalg_lu_solve": of(
        lambda a, b: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b, left=False), SQUARE, ROWS),
}  # fmt: skip

CASES: dict[str, list[Case]] = ELEMENTWISE | PAIRED | REDUCED | MOVED | WINDOWS | ALGEBRA
