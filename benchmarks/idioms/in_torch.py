"""PyTorch."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from idioms.functions import Array, Call, Idiom, written


def pytorch(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return loss.backward(), of leaves whose .grad is cleared before."""
    import torch

    function = written(problem, _torch())
    leaves = [torch.tensor(a).requires_grad_() for a in inputs]
    constants = {name: torch.tensor(a) for name, a in given.items()}

    def call() -> Any:
        for leaf in leaves:
            leaf.grad = None
        function(*leaves, **constants).backward()
        return [leaf.grad for leaf in leaves]

    return call


def pytorch_func(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return torch.func.grad(f, argnums)(*args)."""
    import torch

    gradient = torch.func.grad(written(problem, _torch()), tuple(range(len(inputs))))
    constants = {name: torch.tensor(a) for name, a in given.items()}
    return functools.partial(gradient, *map(torch.tensor, inputs), **constants)


def pytorch_compile(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return torch.compile(torch.func.grad(f, argnums))(*args)."""
    import torch

    gradient = torch.func.grad(written(problem, _torch()), tuple(range(len(inputs))))
    constants = {name: torch.tensor(a) for name, a in given.items()}
    compiled = torch.compile(gradient, fullgraph=True)
    return functools.partial(compiled, *map(torch.tensor, inputs), **constants)


def _torch() -> Any:
    import torch

    return SimpleNamespace(
        sigmoid=torch.sigmoid, logsumexp=lambda x: torch.logsumexp(x, 0), tanh=torch.tanh,
        sum=torch.sum,
    )  # fmt: skip


IDIOMS: dict[str, Idiom] = {
    "pytorch": pytorch,
    "pytorch-backward": pytorch,
    "pytorch-func": pytorch_func,
    "pytorch-compile": pytorch_compile,
}
