"""What is compared, by name: cases, on which methods are compared, and cells, the units of work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Case:
    """A problem at one size, operator, dtype and device.

    Attributes:
        problem: The problem's name.
        size: Label of its size; empty where it has a single one.
        operator: Name of the operator.
        dtype: What the point's numbers are.
        device: What computes.
    """

    problem: str
    size: str
    operator: str
    dtype: str = "float64"
    device: str = "cpu"

    @property
    def id(self) -> str:
        """A text that names the case, to be shown and compared, never to be taken apart."""
        device = "" if self.device == "cpu" else self.device
        return "/".join(filter(None, (self.problem, self.size, self.dtype, device, self.operator)))


@dataclass(frozen=True, order=True)
class Cell:
    """A case and a method: the unit of work, which ends as exactly one record.

    Attributes:
        case: The case.
        method: The method's name.
    """

    case: Case
    method: str

    @property
    def id(self) -> str:
        """A text that names the cell."""
        return f"{self.case.id}/{self.method}"
