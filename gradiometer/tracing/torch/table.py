"""The operators of ATen that are known, and those that are made of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gradiometer.tracing.torch import (
    algebra,
    elementwise,
    movement,
    normalisation,
    reductions,
    scattering,
    windows,
)
from gradiometer.tracing.torch.rows import Row

ROWS: dict[str, Row] = (
    elementwise.ROWS
    | reductions.ROWS
    | movement.ROWS
    | scattering.ROWS
    | windows.ROWS
    | algebra.ROWS
    | normalisation.ROWS
)

SHAPED_ALIKE = frozenset({
    "_linalg_check_errors", "_shape_as_tensor", "empty_like", "empty_permuted", "full_like",
    "is_same_size", "isnan_", "new_empty", "new_empty_strided", "new_full", "new_ones",
    "new_zeros", "ones_like", "rand_like", "randint_like", "randn_like", "resize_as_",
    "sym_size", "zeros_like", "set_", "_local_scalar_dense", "equal",
})  # fmt: skip
"""Operators of whose operands only shapes and types count, or that are dealt with elsewhere."""

INSTEAD: dict[str, str] = {
    "_ctc_loss": "its probabilities are summed over paths in a kernel; write the recursion.",
    "ctc_loss": "its probabilities are summed over paths in a kernel; write the recursion.",
    "igamma": "the incomplete gamma function is not among what can be enclosed.",
    "igammac": "the incomplete gamma function is not among what can be enclosed.",
    "linalg_eig": "eigenvalues of other than symmetric matrices are complex; use eigh.",
    "_fft_r2c": "functions are of real numbers: write the sums of cosines and sines.",
    "bucketize": "what it counts is a step function; compute it of constants.",
    "searchsorted": "what it counts is a step function; compute it of constants.",
}
"""What to write instead of operators that are refused."""

OTHERWISE = "it is not among the operators that can be enclosed; compose it of others."


def row_of(func: Any) -> Row | None:
    """Return an operator's row, by its name and overload, or its name."""
    name = base_name(func)
    return ROWS.get(f"{name}.{func._overloadname}") or ROWS.get(name)


def base_name(func: Any) -> str:
    """Return an operator's name; that of `add_` is `add`."""
    name = str(func._schema.name).split("::")[1]
    inplace = name.endswith("_") and not name.endswith("__") and func._schema.is_mutable
    return name[:-1] if inplace else name


def decomposition(func: Any) -> Callable[..., Any] | None:
    """Return a function in other operators that computes the same, if there is one."""
    functional = functional_of(func)
    if functional is None:
        return None
    table = torch._decomp.decomposition_table
    if functional in table:
        return table[functional]
    if functional._can_decompose():
        return functional.decompose  # type: ignore[no-any-return]
    namespace, name = functional._schema.name.split("::")
    if namespace == "prims":
        return getattr(torch._prims, name).impl_aten  # type: ignore[no-any-return]
    return None


def functional_of(func: Any) -> Any:
    """Return the operator that computes what another one does in place, or into `out`."""
    if not func._schema.is_mutable:
        return func
    namespace, _ = func._schema.name.split("::")
    packet = getattr(getattr(torch.ops, namespace), base_name(func), None)
    if packet is None:
        return None
    wanted = [str(a.type) for a in func._schema.arguments if not a.is_out]
    for overload in packet.overloads():
        other = getattr(packet, overload)
        if other._schema.is_mutable:
            continue
        if [str(a.type) for a in other._schema.arguments] == wanted:
            return other
    return None
