"""The array functions `xp` of the reference, under the array API standard's names.

An operation that is missing here makes the case an error that names it; it is never approximated.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.reference import (
    algebra,
    convolution,
    creation,
    decomposition,
    einsum,
    elementary,
    norms,
    numeric,
    piecewise,
    reductions,
    shapes,
    special,
    structure,
)
from gradiometer.reference.array import Array, integers, lift
from gradiometer.reference.declared import Declared
from gradiometer.reference.evaluation import RELATIONS, compare
from gradiometer.reference.node import Node
from gradiometer.reference.refusals import refusal, user_line
from gradiometer.vocabulary import composed
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.namespace import Namespace

Operation = Callable[..., Any]


def _relation(relation: str) -> Operation:
    return lambda a, b: compare(lift(a), relation, lift(b))[()]


def _nan(x: Any) -> Any:
    return numeric.undefined(lift(x).value)[()]


def _infinite(x: Any) -> Any:
    return numeric.infinite(lift(x).value)[()]


def _scan(step: Any, carry: Any, xs: Any = None, *, length: int | None = None) -> Any:
    return composed.scan(NAMESPACE, step, carry, xs, length=length)


def _reduced(reduce: Callable[..., Any]) -> Operation:
    def reduced(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
        return reduce(piecewise.truth(x), axis=axis, keepdims=keepdims)

    return reduced


def _named(module: ModuleType, *names: str) -> dict[str, Operation]:
    return {name: getattr(module, name) for name in names}


ARITHMETIC: dict[str, Operation] = {
    "add": lambda a, b: lift(a) + lift(b),
    "subtract": lambda a, b: lift(a) - lift(b),
    "multiply": lambda a, b: lift(a) * lift(b),
    "divide": lambda a, b: lift(a) / lift(b),
    "pow": elementary.power,
    "matmul": algebra.matmul,
    "floor_divide": piecewise.floor_divide,
    "remainder": piecewise.remainder,
    "negative": lambda x: -lift(x),
    "positive": lambda x: lift(x),
}
COMPONENTWISE: dict[str, Operation] = (
    {
        name: functools.partial(elementary.applied, name, function)
        for name, function in (elementary.SMOOTH | special.SPECIAL).items()
    }
    | _named(elementary, "hypot", "logaddexp")
    | _named(special, "gelu", "log_softmax", "softmax")
    | _named(
        piecewise,
        "atan2",
        "ceil",
        "clip",
        "copysign",
        "floor",
        "maximum",
        "minimum",
        "relu",
        "sign",
    )
    | _named(piecewise, "trunc", "where")
    | {"abs": piecewise.absolute, "round": piecewise.rounded}
)
REDUCTIONS: dict[str, Operation] = _named(
    reductions, "argmax", "argmin", "argsort", "cumulative_prod", "cumulative_sum", "logsumexp",
    "mean", "prod", "sort",
) | {
    "max": reductions.largest,
    "min": reductions.smallest,
    "std": reductions.deviation,
    "sum": reductions.total,
    "var": reductions.variance,
}  # fmt: skip
SHAPES: dict[str, Operation] = _named(
    shapes, "broadcast_to", "concat", "diff", "expand_dims", "flip", "matrix_transpose", "moveaxis",
    "permute_dims", "repeat", "reshape", "roll", "squeeze", "stack", "take", "take_along_axis",
    "tile", "tril", "triu", "unstack", "broadcast_arrays", "meshgrid",
)  # fmt: skip
CONSTANTS: dict[str, Operation] = {"stop_gradient": lambda x: structure.stop_gradient(lift(x))}
LABELLED: dict[str, Operation] = {"einsum": einsum.einsum, "scan": _scan}
NETWORKS: dict[str, Operation] = _named(convolution, "avg_pool", "conv", "max_pool")
MATRICES: dict[str, Operation] = (
    _named(algebra, "cholesky", "cross", "det", "matmul", "matrix_power", "outer", "slogdet")
    | _named(algebra, "solve", "tensordot", "trace", "vecdot")
    | _named(decomposition, "eigh", "eigvalsh", "pinv", "qr", "svd", "svdvals")
    | _named(norms, "matrix_norm", "vector_norm")
    | _named(shapes, "diagonal", "matrix_transpose")
    | {"inv": algebra.inverse}
)
CREATION: dict[str, Operation] = _named(
    creation, "arange", "asarray", "astype", "empty", "eye", "full", "linspace", "ones", "zeros"
) | {
    "empty_like": creation.like(creation.empty),
    "full_like": creation.like(creation.full),
    "ones_like": creation.like(creation.ones),
    "zeros_like": creation.like(creation.zeros),
}
BOOLEANS: dict[str, Operation] = {
    "all": _reduced(np.all),
    "any": _reduced(np.any),
    "count_nonzero": _reduced(np.count_nonzero),
    "isfinite": lambda x: numeric.finite(lift(x).value)[()],
    "isinf": _infinite,
    "isnan": _nan,
    "logical_and": lambda a, b: piecewise.truth(a) & piecewise.truth(b),
    "logical_not": lambda a: ~piecewise.truth(a),
    "logical_or": lambda a, b: piecewise.truth(a) | piecewise.truth(b),
    "logical_xor": lambda a, b: piecewise.truth(a) ^ piecewise.truth(b),
    "nonzero": lambda x: np.nonzero(piecewise.truth(x)),
    "signbit": lambda x: compare(lift(x), "<", Node(0))[()],
}
WHOLE = frozenset({
    "abs", "add", "broadcast_arrays", "broadcast_to", "ceil", "clip", "concat", "cross",
    "cumulative_prod", "cumulative_sum", "diagonal", "diff", "expand_dims", "flip", "floor",
    "floor_divide", "matmul", "matrix_transpose", "max", "maximum", "meshgrid", "min",
    "minimum", "moveaxis", "multiply", "negative", "outer", "permute_dims", "positive", "pow",
    "prod", "remainder", "repeat", "reshape", "roll", "round", "sign", "sort", "square",
    "squeeze", "stack", "stop_gradient", "subtract", "sum", "take", "take_along_axis",
    "tensordot", "tile", "trace", "tril", "triu", "trunc", "unstack", "vecdot", "where",
})  # fmt: skip
"""Operations that make integers of integers."""

OF_SEVERAL = frozenset({
    "add", "broadcast_arrays", "clip", "cross", "floor_divide", "matmul", "maximum", "meshgrid",
    "minimum", "multiply", "outer", "pow", "remainder", "subtract", "tensordot", "vecdot", "where",
})  # fmt: skip
"""Those of which every argument is an array; of `where` the first is a condition."""


def public(name: str, operation: Operation) -> Operation:
    """Return an operation as a problem's function is given it: arrays in, arrays out."""
    signature = inspect.signature(operation)

    def called(*args: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise refusal(f"xp.{name} with `out=`", "assign the result instead.")
        kwargs.pop("device", None)  # there is one
        if "dtype" in kwargs and "dtype" not in signature.parameters:
            creation.kind_of(kwargs.pop("dtype"))
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise refusal(f"xp.{name} with other arguments", f"{error}.") from None
        return _returned(operation(*args, **kwargs), name in WHOLE and _whole(name, args, kwargs))

    return functools.update_wrapper(called, operation) if inspect.isfunction(operation) else called


def _whole(name: str, args: Any, kwargs: Mapping[str, Any]) -> bool:
    """Return whether the arrays among the arguments are all of integers."""
    if name in ("concat", "stack"):
        return all(map(integers, args[0]))
    operands = args[name == "where" :] if name in OF_SEVERAL else args[:1]
    operands = (*operands, *(x for x in kwargs.values() if not isinstance(x, str)))
    if name == "tensordot":
        operands = operands[:2]
    if not all(x is None or integers(x) for x in operands):
        return False
    return name != "pow" or bool((lift(args[1]).floats >= 0.0).all())


def _returned(result: Any, whole: bool) -> Any:
    if isinstance(result, tuple | list):
        parts = [_returned(each, whole) for each in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if not isinstance(result, Node):
        return result
    return Array(Node(numeric.plain(result.value)) if whole else result, integer=whole)


class _Missing:
    """Behind the table: names the operation that the reference has no rule for."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ReferenceFailure(
            f"the reference has no rule for the operation {self._prefix + name!r}{user_line()}. "
            f"Write the problem with {', '.join(sorted(OPERATIONS))}."
        )


def _all_public(table: Mapping[str, Operation]) -> dict[str, Any]:
    return {name: public(name, operation) for name, operation in table.items()}


OPERATIONS: dict[str, Any] = _all_public(
    ARITHMETIC
    | {ufunc.__name__: _relation(relation) for relation, ufunc in RELATIONS.items()}
    | COMPONENTWISE
    | REDUCTIONS
    | SHAPES
    | CONSTANTS
    | CREATION
    | BOOLEANS
    | NETWORKS
    | LABELLED
    | {name: MATRICES[name] for name in ("tensordot", "vecdot")}
) | {"linalg": Namespace(_Missing("linalg."), _all_public(MATRICES))}
LOWERED = _all_public({"polygamma": special.polygamma})
"""What functions of frameworks are lowered to, beside what problems are written in."""

TYPES = {"float64": np.float64, "int64": np.int64, "bool": np.bool_}
NUMBERS = {"exact": True, "inf": math.inf, "nan": math.nan, "newaxis": None}


class _Numbers(Namespace):
    """The namespace, with π and e as numbers of the tape: not the doubles next to them."""

    @property
    def pi(self) -> Array:
        return Array(elementary.constant(arb.pi()))

    @property
    def e(self) -> Array:
        return Array(elementary.constant(arb(1).exp()))


def _with_pullback(value: Array, pullback: Graph, name: str, *inputs: Array) -> Array:
    """Return a value with the pullback that is declared of it, which problems do not call."""
    return Array(Declared(pullback, name, list(map(lift, inputs)), NAMESPACE)(lift(value)))


NAMESPACE = _Numbers(
    _Missing(), OPERATIONS | LOWERED | TYPES | NUMBERS | {"with_pullback": _with_pullback}
)
