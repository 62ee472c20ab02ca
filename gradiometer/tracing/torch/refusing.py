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
    """Return what a tensor is that cannot be differentiated here, and what to do."""
    kinds = {
        ("on the meta device, which holds no numbers",
         "write module.to_empty(device='cpu'), and load its weights."): t.device.type == "meta",
        ("complex", "functions are of real numbers; write real and imaginary parts."):
            t.is_complex(),
        ("nested", "write x.to_padded_tensor(0.0)."): t.is_nested,
        ("sparse", "write x.to_dense()."): t.layout != torch.strided,
        ("quantised", "write x.dequantize()."): t.is_quantized,
        (f"on {t.device}", "write x.cpu()."): t.device.type != "cpu",
    }  # fmt: skip
    return next((told for told, met in kinds.items() if met), None)
