"""What functions of PyTorch hold constant: numbers that leave tensors, steps, what is hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from lowered_torch import compare, tensors

from gradiometer import check

X = [0.5, -2.0, 1.25]

LEAVING: dict[str, Callable[[Any], Any]] = {
    "item": lambda x: (x * x.sum().item()).sum(),
    "numpy": lambda x: (x * torch.from_numpy(x.detach().numpy() ** 2)).sum(),
    "tolist": lambda x: (x * x.tolist()[0]).sum(),
}


@pytest.mark.parametrize("name", sorted(LEAVING))
def test_numbers_that_leave_tensors_are_cuts(name: str) -> None:
    found = compare(LEAVING[name], (X,))
    assert [(c.what, c.users) for c in found.cuts] == [(name, True)]
    told = check(LEAVING[name], *tensors((X,)))
    assert told
    assert [each.startswith(f"{name} at ") for each in told.cuts] == [True]
    assert "not known what the derivative" in told.cuts[0]


def test_numbers_that_change_nothing_are_no_cuts() -> None:
    def logged(x: Any) -> Any:
        y = x.sin().sum()
        text = f"{y.item():.3f}"
        return y * 2.0 if y.item() < 9.0 else y * len(text)

    assert compare(logged, (X,)).cuts == ()


def test_steps_are_no_cuts() -> None:
    def steps(x: Any) -> Any:
        mask = torch.zeros(3, dtype=x.dtype)
        mask[x > 0.0] = 1.0
        return ((x > 0.0).to(x) * mask * x * x).sum() + (x * x.long()).sum()

    assert compare(steps, ([0.5, -2.25, 1.5],)).cuts == ()


def test_cuts_inside_operators_are_not_the_users() -> None:
    found = compare(lambda x, y: F.cosine_similarity(x, y, dim=0), (X, [1.0, 0.25, -1.0]))
    assert not any(c.users for c in found.cuts)


def test_a_gradient_that_is_no_part_of_the_graph_is_the_users_cut() -> None:
    def inner(x: Any) -> Any:
        (slope,) = torch.autograd.grad(x.exp().sum(), x)
        return (slope * x).sum()

    assert [(c.what, c.users) for c in compare(inner, (X,)).cuts] == [("no_grad", True)]


def scripted() -> Any:
    graph = """
    graph(%x : Tensor):
        %y : Tensor = aten::sin(%x)
        %z : Tensor = aten::mul(%x, %y)
        %none : NoneType = prim::Constant()
        %sum : Tensor = aten::sum(%z, %none)
        return (%sum)
    """
    return torch._C._create_function_from_graph("scripted", torch._C.parse_ir(graph))


def test_torchscript_is_followed() -> None:
    function = scripted()
    for _ in range(3):
        function(*tensors((X,))).backward()  # optimised by now
    assert check(lambda x: function(x.exp()), *tensors((X,)))
