"""Functions of PyTorch lowered to graphs: every operator, and functions as people write them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from lowered_torch import compare, named, tensors
from torch_operators import CASES

from gradiometer.errors import GradiometerError
from gradiometer.tracing.torch import table
from gradiometer.tracing.torch.lower import lower


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the rows that are looked up from here on."""
    found: set[str] = set()
    look_up = table.row_of

    def noted(func: Any) -> Any:
        name = table.base_name(func)
        full = f"{name}.{func._overloadname}"
        found.add(full if full in table.ROWS else name)
        return look_up(func)

    monkeypatch.setattr(table, "row_of", noted)
    return found


def test_every_row_is_tried() -> None:
    assert set(CASES) == set(table.ROWS)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_row_gives_value_and_gradient(name: str, met: set[str]) -> None:
    for function, arrays in CASES[name]:
        compare(function, arrays)
    assert name in met


def refused(function: Any, *arrays: Any, match: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(GradiometerError, match=match):
            lower(function, tensors(arrays), tuple(named(arrays)))


def test_random_numbers_are_refused_by_name_and_line() -> None:
    dropout = torch.nn.Dropout(0.5)
    refused(
        lambda x: dropout(x).sum(), np.ones(50),
        match=r"bernoulli_? at test_lower_torch.py, line \d+ draws|native_dropout at test",
    )  # fmt: skip


def test_random_numbers_that_are_the_same_by_chance_are_refused() -> None:
    always = torch.nn.Dropout(1e-9)
    refused(lambda x: always(x).sum(), np.ones(2), match=r"bernoulli_? at .* draws|native_dropout")


def test_what_is_drawn_from_the_seed_of_all_is_a_constant() -> None:
    def seeded(x: Any) -> Any:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            return (x * torch.randn(3)).sum()

    compare(seeded, (np.array([0.5, 1.0, 2.0]),))


def test_what_is_drawn_from_a_seed_is_a_constant() -> None:
    def seeded(x: Any) -> Any:
        return (x * torch.randn(3, generator=torch.Generator().manual_seed(1))).sum()

    compare(seeded, (np.array([0.5, 1.0, 2.0]),))


def test_an_unknown_operator_is_refused_by_name_and_line() -> None:
    refused(
        lambda x: torch.special.gammainc(x, x).sum(), [1.5],
        match=r"igamma.* at test_lower_torch.py, line \d+: the incomplete gamma function",
    )  # fmt: skip


def test_complex_numbers_are_refused() -> None:
    refused(lambda x: torch.fft.rfft(x).abs().sum(), [1.0, 2.0], match="sums of cosines")


def test_a_function_of_integers_is_refused() -> None:
    refused(lambda x: torch.argmax(x), [1.0, 2.0], match="expected real numbers")
    refused(lambda x: None, [1.0, 2.0], match="expected a tensor")


def test_what_drops_digits_is_told() -> None:
    def narrowed(x: Any) -> Any:
        y = torch.ones(2).copy_(x)
        return (x.float() * torch.ones(2).double().float() + x.float()).sum() + y.sum()

    found = lower(narrowed, tensors(([0.5, 1.5],)), ("x",))
    assert len(found.notes) == 2
    assert all(n.startswith("float64 becomes float32 at test_lower_torch.py") for n in found.notes)
    wider = lower(lambda x: x.double().sum(), tensors(([0.5],), torch.float32), ("x",))
    assert wider.notes == ()


def test_lines_are_the_users() -> None:
    def tangents(x: Any) -> Any:
        return torch.nn.functional.silu(x).sum()

    steps = lower(tangents, tensors(([1.0],)), ("x",)).graph.steps
    assert all(" at test_lower_torch.py, line " in step.place for step in steps[1:])


def test_cuts_are_told_and_left_out_of_the_other_graph() -> None:
    def cut(x: Any) -> Any:
        y = x.detach() * x
        with torch.no_grad():
            z = x * x
        return (y + z * x + x.data).sum()

    found = compare(cut, ([0.5, 2.0],))
    assert [c.what for c in found.cuts] == ["detach", "no_grad", "detach"]
    assert all(c.users for c in found.cuts)
    assert found.uncut is not None
    assert not any(
        s.function == "stop_gradient" for s in found.uncut.steps[1:] if hasattr(s, "function")
    )


def test_a_change_in_place_that_is_not_recorded_is_a_cut() -> None:
    def step(x: Any) -> Any:
        w = x * 2.0
        with torch.no_grad():
            w -= 0.1 * x
        return (w * w).sum()

    found = compare(step, ([0.5, 2.0],))
    assert [c.what for c in found.cuts] == ["no_grad"]
