"""What is raised where double-double arithmetic does not reach."""

from __future__ import annotations

from gradiometer.reference.refusals import Undecided


class BeyondDoubles(Undecided):
    """Something that balls of more bits may do: the computation is made again with them."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: beyond double-double arithmetic.")
