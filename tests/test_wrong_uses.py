"""Wrong uses of functions of PyTorch and JAX: one line each, which says what to do."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax.experimental.sparse import BCOO

from gradiometer.checking.check import check
from gradiometer.checking.result import Verdict
from gradiometer.errors import GradiometerError
from gradiometer.tracing.torch.refusing import wrong


def squared(x: Any) -> Any:
    return (x * x).sum()


def given(x: Any, *more: Any) -> Any:
    return x


def in_jax(x: Any) -> Any:
    return jnp.sum(x * x)


def tensor(*values: float, dtype: Any = torch.float64) -> Any:
    return torch.tensor(values, dtype=dtype)


def quantised() -> Any:
    with warnings.catch_warnings(action="ignore"):
        return torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)


def compressed() -> Any:
    with warnings.catch_warnings(action="ignore"):
        return torch.eye(2).to_sparse_csr()


def nested() -> Any:
    with warnings.catch_warnings(action="ignore"):
        return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])


class Dropping(torch.nn.Module):
    """A module in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.dropout = torch.nn.Linear(2, 1), torch.nn.Dropout(0.5)

    def forward(self, x: Any) -> Any:
        return self.dropout(self.layer(x)).sum()


FROZEN = torch.nn.Embedding.from_pretrained(torch.eye(3))
NAN = float("nan")
WHOLE = torch.tensor([1, 2])

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "a tensor without numbers": (
        lambda: check(squared, torch.ones(2, device="meta")), "on the meta device.*to_empty",
    ),
    "a module without numbers": (
        lambda: check(torch.nn.Linear(2, 1, device="meta"), torch.ones(2)), "'weight' is on",
    ),
    "quantised": (lambda: check(squared, quantised()), "is quantised: write x.dequantize"),
    "nested": (lambda: check(squared, nested()), "is nested: write x.to_padded_tensor"),
    "sparse": (lambda: check(squared, torch.eye(2).to_sparse()), "is sparse: write x.to_dense"),
    "compressed": (lambda: check(squared, compressed()), "write x.to_dense"),
    "made sparse": (
        lambda: check(lambda x: (x.to_sparse() * 2).to_dense().sum(), torch.eye(2)),
        "makes a sparse tensor at test_wrong_uses.py, line .*compute with dense",
    ),
    "complex": (
        lambda: check(squared, torch.ones(2, dtype=torch.complex64)), "is complex: .* real and",
    ),
    "made complex": (
        lambda: check(lambda x: torch.fft.fft(x).abs().sum(), tensor(1.0)), "line .*real numbers",
    ),
    "a complex output": (lambda: check(lambda x: x * 1j, tensor(1.0)), "returns .* is complex"),
    "half": (lambda: check(squared, torch.ones(2).half()), "'x' is of float16.*Write x.float"),
    "half a module": (
        lambda: check(torch.nn.Linear(2, 1).bfloat16(), torch.ones(2)), "Write module.float",
    ),
    "integers": (lambda: check(squared, WHOLE), "no real number.*x is a tensor of int64.*x.float"),
    "a Python integer": (lambda: check(lambda x: torch.tensor(1.0) * x, 2), "x is int.*2.0 for 2"),
    "truth values": (lambda: check(squared, WHOLE > 1), "x is a tensor of bool"),
    "a string": (lambda: check(lambda x: torch.ones(2), "abc"), "x is str"),
    "nothing": (lambda: check(lambda: torch.ones(2).sum()), "no real number to differentiate"),
    "nothing that requires grad": (lambda: check(FROZEN, WHOLE), "requires grad: .*requires_grad_"),
    "several outputs": (
        lambda: check(given, tensor(1.0, 2.0), operator="gradient"), "or return one number",
    ),
    "a number": (lambda: check(lambda x: x.sum().item(), tensor(1.0)), "returns float.*Leave out"),
    "an array": (lambda: check(lambda x: x.numpy(), tensor(1.0)), "ndarray.*Leave out .numpy"),
    "None": (lambda: check(lambda x: None, tensor(1.0)), "NoneType.*End it by `return`"),
    "text": (lambda: check(lambda x: "a", tensor(1.0)), "returns str.*Return a tensor of floats"),
    "an index": (lambda: check(lambda x: x.argmax(), tensor(1.0)), "int64, which has no"),
    "a truth value": (lambda: check(lambda x: x > 0.0, tensor(1.0)), "bool, which has no deriv"),
    "dropout": (lambda: check(Dropping(), torch.ones(2)), "bernoulli at .*draws.*module.eval"),
    "dropout's function": (
        lambda: check(lambda x: torch.dropout(x, 0.5, True).sum(), tensor(1.0)), "training=False",
    ),
    "not a number": (lambda: check(squared, tensor(NAN, 2.0)), "'x' .* not finite.*Choose"),
    "infinite": (lambda: check(squared, tensor(np.inf, 2.0)), "'x' .* is not finite"),
    "a module's class": (lambda: check(Dropping, torch.ones(2)), "is a class: .*Name an instance"),
    "a tensor first": (lambda: check(tensor(1.0)), "Tensor cannot be called: .*Pass it first"),
    "a failure": (lambda: check(lambda x: x @ tensor(1.0, 2.0), tensor(1.0)), "fails when .*line"),
    "JAX: complex": (lambda: check(in_jax, jnp.ones(2) * 1j), "is complex: .*real and imaginary"),
    "JAX: made complex": (
        lambda: check(lambda x: jnp.abs(jnp.fft.fft(x)).sum(), jnp.ones(2)), "complex numbers are",
    ),
    "JAX: integers": (lambda: check(in_jax, jnp.ones(2, dtype=int)), "no real number.*2.0 for 2"),
    "JAX: half": (lambda: check(in_jax, jnp.ones(2, jnp.bfloat16)), "of bfloat16: .*astype"),
    "JAX: sparse": (
        lambda: check(lambda x: x.todense().sum(), BCOO.fromdense(jnp.eye(2))), "Pass x.todense",
    ),
    "JAX: a string": (lambda: check(lambda x: jnp.ones(2), "abc"), "no real number"),
    "JAX: several outputs": (
        lambda: check(lambda x: jnp.sin(x), jnp.ones(2), operator="hvp"), "or return one number",
    ),
    "JAX: a number": (lambda: check(lambda x: float(jnp.sum(x)), jnp.ones(2)), "Leave it an array"),
    "JAX: None": (lambda: check(lambda x: None, jnp.ones(2)), "NoneType.*End it by `return`"),
    "JAX: an index": (lambda: check(jnp.argmax, jnp.ones(2)), "returns no real number"),
    "JAX: not a number": (lambda: check(in_jax, jnp.array([NAN])), "'x' .* is not finite"),
    "JAX: a trace": (lambda: jax.grad(lambda x: check(in_jax, x))(jnp.ones(2)), "outside of"),
    "JAX: an array first": (lambda: check(jnp.ones(2)), "cannot be called: .*Pass it first"),
    "an argument too many": (lambda: check(in_jax, jnp.ones(2), jnp.ones(2)), "called so"),
    "an argument too few": (lambda: check(lambda w, x: jnp.sum(w * x), jnp.ones(2)), "for 'x'"),
    "an unknown argument": (lambda: check(in_jax, jnp.ones(2), at={"y": 1.0}), "Unknown arg.* 'y'"),
    "a position": (lambda: check(in_jax, jnp.ones(2), argnums=3), "Unknown argument .* '3'"),
    "a tensor's name": (lambda: check(squared, tensor(1.0), argnums="w"), "'w' holds no real"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_use_is_told_in_one_line(what: str) -> None:
    make, told = WRONG[what]
    with pytest.raises(GradiometerError, match=told) as raised:
        make()
    assert "\n" not in str(raised.value)


def test_a_tensor_of_a_graphics_card_is_told_by_its_device() -> None:
    card: Any = SimpleNamespace(
        device=torch.device("cuda:0"), layout=torch.strided, is_nested=False, is_quantized=False,
        is_complex=lambda: False,
    )  # fmt: skip
    assert wrong(card) == ("on cuda:0", "write x.cpu().")


@pytest.mark.parametrize("x", [tensor(-1.0, 2.0), jnp.array([-1.0, 2.0])])
def test_where_a_function_is_not_finite_nothing_is_decided(x: Any) -> None:
    log = torch.log if isinstance(x, torch.Tensor) else jnp.log
    done = check(lambda x: log(x).sum(), x)
    assert done.verdict is Verdict.UNDECIDED
    assert "the function is not finite here: choose a point in its domain." in repr(done)


def test_text_and_integers_beside_real_numbers_are_part_of_the_function() -> None:
    assert check(lambda x, mode, k: squared(x) if mode == "a" else x[k], tensor(1.0), "a", 0)
