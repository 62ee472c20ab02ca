"""Gradiometer compares differentiation methods: which is right, and which is fast.

    >>> import gradiometer
    >>> run = gradiometer.run(problems="*chain*", methods=["jax*", "pytorch"])  # doctest: +SKIP
    >>> run.agreement()  # doctest: +SKIP

What it offers is listed in `__init__.pyi`, and imported on first use.
"""

import lazy_loader as _lazy_loader

__version__ = "0.2.0"
__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
