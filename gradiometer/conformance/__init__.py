"""The conformance kit: does a method keep its contract, and are its answers right everywhere?

    >>> from gradiometer import conformance
    >>> conformance.check("jax-jit", quick=True)  # doctest: +SKIP

As a command, `gradiometer conformance NAME`; in the tests of another project, `pytest --pyargs
gradiometer.conformance --gradiometer-method NAME`. What it offers is listed in `__init__.pyi`.
"""

import lazy_loader as _lazy_loader

__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
