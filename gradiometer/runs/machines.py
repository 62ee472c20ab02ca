"""Which machines a run was measured on: what is compared, and what is kept apart.

Times of machines of one kind are compared; of several kinds a case is a case of its own, as of
another dtype. What is paired within rounds is of one node, or it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradiometer.measure.environment import kind_of_machine

RATIOS = ("ratio", "ratio_low", "ratio_high")
"""What is taken of times within rounds."""


def kinds(info: Mapping[str, Any]) -> set[str]:
    """Return the kinds of machine that a run knows: its nodes', or that of its environment.

    Args:
        info: What `run.json` says.
    """
    nodes = info.get("nodes", {}).values()
    return {str(n["machine"]) for n in nodes} or {kind_of_machine(info.get("environment", {}))}


def apart(records: pd.DataFrame, info: Mapping[str, Any]) -> pd.DataFrame:
    """Return records with the kind of the machine of each case, and no ratio across nodes.

    What was measured where the run was started is of its environment's kind. Of a case of which
    cells were timed on several nodes, as of one that was taken up elsewhere, there are no ratios.

    Args:
        records: The records.
        info: What `run.json` says.
    """
    if (records["node"] == "").all():
        return records
    here = kind_of_machine(info.get("environment", {}))
    measured_here = (records["node"] == "") & records["n"].notna()
    machine = records["machine"].mask(measured_here, here)
    of_case = machine.where(machine != "").groupby(records["case"]).transform("first").fillna("")
    nodes = records["node"].where(records["time_s"].notna()).groupby(records["case"])
    found = records.assign(machine=machine.where(machine != "", of_case))
    found.loc[nodes.transform("nunique") > 1, list(RATIOS)] = None
    return found


def shown(records: pd.DataFrame) -> pd.DataFrame:
    """Return records that name a kind of machine only if they are of several kinds."""
    several = len({*records["machine"]} - {""}) > 1
    return records if several else records.assign(machine="")
