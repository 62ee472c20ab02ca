"""What cannot be lowered: which operator, at which line, and what to do."""

from __future__ import annotations

from typing import NoReturn

import torch

from gradiometer.errors import Unsupported
from gradiometer.tracing.torch.places import line


class NotLowered(Unsupported):
    """What a function of PyTorch does that has no meaning, or none yet, in real numbers.

    It is no `TypeError`: PyTorch's operators would take that for an operand they do not know.
    """


def refuse(met: str, instead: str, place: str = "") -> NoReturn:
    """Raise an error: what was met, at which line of the program, and what to do instead."""
    raise NotLowered(f"{met}{place or line().text}: {instead}")


def wrong(t: torch.Tensor) -> tuple[str, str] | None:
    """Return what kind of tensor is met that cannot be differentiated here, and what to do."""
    if t.is_complex():
        return "complex numbers", "functions are of real numbers; write real and imaginary parts."
    if t.layout != torch.strided:
        return "a sparse tensor", "write x.to_dense()."
    if t.is_quantized:
        return "quantised numbers", "write x.dequantize()."
    if t.device.type != "cpu":
        return f"a tensor on {t.device}", "write x.cpu()."
    return None
