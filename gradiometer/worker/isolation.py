"""Keeps what a tool changes in its process from reaching its neighbours there."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def restored() -> Iterator[None]:
    """Restore working directory, `sys.path`, NumPy's error state and random seeds at the end."""
    folder, path, errors = Path.cwd(), list(sys.path), np.geterr()
    seed, legacy_seed = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        sys.path[:] = path
        np.seterr(**errors)
        random.setstate(seed)
        np.random.set_state(legacy_seed)  # noqa: NPY002
        os.chdir(folder)
