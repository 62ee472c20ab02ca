"""Where a cluster is, as `--cluster` names it. Nothing is imported, started or asked here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gradiometer.errors import GradiometerError

FORMS = "tcp://HOST:PORT, tls://HOST:PORT, local:N, ssh:HOST,HOST or slurm:FILE.yaml"

Kind = Literal["address", "local", "ssh", "slurm"]


@dataclass(frozen=True)
class Where:
    """A cluster that runs already, or that is to be started.

    Attributes:
        kind: What it is.
        address: The scheduler's address, of one that runs.
        workers: How many nodes are to be started on this machine.
        hosts: The hosts that are reached by ssh.
        file: The description of SLURM's jobs.
    """

    kind: Kind
    address: str = ""
    workers: int = 0
    hosts: tuple[str, ...] = ()
    file: Path = Path()

    @classmethod
    def parsed(cls, text: str) -> Where:
        """Return what a text names.

        Raises:
            GradiometerError: If it is none of `FORMS`, or its file is not there.

        Example:
            >>> Where.parsed("local:2").workers
            2
        """
        kind, _, rest = text.partition(":")
        if re.fullmatch(r"(tcp|tls)://(\[[^\]]+\]|[^:/\s]+):\d+", text):
            return cls("address", address=text)
        if kind == "local" and re.fullmatch("[1-9][0-9]*", rest):
            return cls("local", workers=int(rest))
        if kind == "ssh" and (hosts := [host.strip() for host in rest.split(",")]) and all(hosts):
            return cls("ssh", hosts=tuple(hosts))
        if kind == "slurm" and rest:
            if not Path(rest).is_file():
                raise GradiometerError(f"--cluster {text}: there is no file {rest}.")
            return cls("slurm", file=Path(rest))
        raise GradiometerError(f"--cluster is {text!r}: expected {FORMS}.")

    def __str__(self) -> str:
        told = {
            "address": self.address,
            "local": f"local:{self.workers}",
            "ssh": f"ssh:{','.join(self.hosts)}",
            "slurm": f"slurm:{self.file}",
        }
        return told[self.kind]
