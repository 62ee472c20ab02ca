"""Failures that are expected, each with its reason: a row fails where what it expects passes.

To add one, copy a line of `EXPECTED`. Rows of others stand in a TOML file, `--expected FILE`:

    [[expected]]
    method = "my-tool"
    subject = "special-solve"     # a problem, or a check: "files", "docstring", …
    operator = "h*"               # all by default, as `dtype`
    status = "disagrees"
    reason = "my-tool#12: solve takes a vector for a batch of numbers"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from gradiometer.conformance.result import Check, Verdict
from gradiometer.errors import GradiometerError, UnknownName, listing
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Status

DECLINES = (Status.UNSUPPORTED, Status.SKIPPED, Status.NOT_INSTALLED)
"""Ends of a check that show nothing, and are no failure."""

STATUSES = (*map(str, Status), "failed")
"""How a check can end: a cell by its status, all others as `failed`."""


@dataclass(frozen=True)
class Expected:
    """A failure that is expected; all but the reason are glob patterns.

    Attributes:
        method: Methods.
        subject: Problems, or what of the contract or the process.
        operator: Operators.
        dtype: What numbers are.
        status: How the checks end.
        reason: Why; of a tool's own fault, where it is told to its authors.
        always: Whether all that it matches must fail so; `False` where some of it does.
    """

    method: str
    subject: str
    operator: str = "*"
    dtype: str = "*"
    status: str = "disagrees"
    reason: str = ""
    always: bool = True

    def matches(self, check: Check) -> bool:
        """Return whether it is about a check."""
        names = ("method", "subject", "operator", "dtype")
        return all(fnmatchcase(getattr(check, name), getattr(self, name)) for name in names)


EMPTY = "an input without components: {}"
OVERFLOWS = "its formula for softplus is log(1 + exp(x)), which overflows in float32 beyond 88"
NARROW = "{} computes {} of float64 in float32: docs/found.md"
MLX = NARROW.format("MLX", "exp, sin, cos, sigmoid, erf and softmax")
KERAS = NARROW.format("keras.ops on JAX", "tanh, sin, cos, arctan and others")
PRODUCTS = "Enzyme cannot push a product of several components forward: docs/found.md"
KERAS_TORCH = NARROW.format("keras.ops on PyTorch", "prod and logaddexp")
CANCELS = "second derivative of softplus where it saturates: s·(1 − s) cancels"

EXPECTED: tuple[Expected, ...] = (
    Expected("mlx*", "*", "*", "float64", reason=MLX, always=False),
    Expected("keras-jax", "*", "*", "float64", reason=KERAS, always=False),
    Expected("keras-torch", "*", "*", "float64", reason=KERAS_TORCH, always=False),
    Expected(
        "pytorch", "special-empty", "hessian", status="error",
        reason=EMPTY.format("torch.autograd.functional.hessian stacks no rows"),
    ),
    *(
        Expected(method, "special-saturated", operator, "float32", "nonfinite", OVERFLOWS)
        for method in ("heyoka", "sympy")
        for operator in OPERATORS
    ),
    *(
        Expected("enzyme", subject, operator, status="error", reason=PRODUCTS)
        for subject in ("speelpenning", "special-coupled")
        for operator in ("jvp", "hvp", "hessian")
    ),
    Expected("sympy", "special-softplus", "h*", "float32", reason=CANCELS),
    *(
        Expected(method, "special-softplus", "h*", "float64", reason=CANCELS)
        for method in ("jax", "jax-[!j]*", "jax-jit")  # jax-jet's Taylor series do not cancel
    ),
    Expected("asdex", "special-softplus", "hessian", "float64", reason=CANCELS),
    Expected("tangent", "special-softplus", "h*", "float64", reason=CANCELS),
    Expected(
        "tensorflow", "special-empty", "hessian", status="error",
        reason=EMPTY.format("GradientTape.jacobian returns one array for what it takes as two"),
    ),
)  # fmt: skip
"""The first row that matches a check counts."""


def read(path: str | Path) -> list[Expected]:
    """Return the rows of a TOML file.

    Raises:
        GradiometerError: If it cannot be read, or a row is not as it should be.
    """
    try:
        tables = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise GradiometerError(f"{path}: {told}: expected a TOML file of rows.") from error
    rows = tables.get("expected")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise GradiometerError(f"{path} has no rows: expected [[expected]] once for each.")
    return [_row(row, f"{path}, row {k}") for k, row in enumerate(rows, 1)]


def _row(row: dict[str, Any], where: str) -> Expected:
    known = [field.name for field in fields(Expected)]
    for name in row:
        if name not in known:
            raise UnknownName(f"column of {where}", name, known)
    lacking = [name for name in ("method", "subject", "status", "reason") if not row.get(name)]
    if lacking:
        raise GradiometerError(f"{where} has no {listing(lacking)}: a row needs it.")
    if row["status"] not in STATUSES:
        raise UnknownName(f"status in {where}", row["status"], STATUSES)
    return Expected(**row)


def settle(check: Check, rows: Iterable[Expected]) -> Check:
    """Return a check with its verdict: by its status, and by what is expected of it."""
    row = next((row for row in rows if row.matches(check)), None)
    right, declines = check.status == Status.OK, check.status in DECLINES
    if row is not None and row.status == check.status:
        return replace(check, verdict=Verdict.EXPECTED, cause=row.reason)
    if row is not None and row.always:
        wanted = f"{row.status}, by the table of expected failures"
        told = f"remove its row, which has become wrong: {row.reason}"
        came = check.found if check.found and not right else "it passes"
        return replace(check, verdict=Verdict.FAILED, wanted=wanted, found=came, cause=told)
    if right:
        return replace(check, verdict=Verdict.PASSED, cause="")
    if declines:
        return replace(check, verdict=Verdict.DECLINED, cause="")
    return replace(check, verdict=Verdict.FAILED)


def rows_of(files: Sequence[str | Path], rows: Iterable[Expected] = EXPECTED) -> list[Expected]:
    """Return the rows of files, before those that are known already."""
    return [*(row for path in files for row in read(path)), *rows]
