"""For test suites: assert that a derivative is right, with no step size and no tolerance.

    from gradiometer.testing import assert_derivatives

    def test_my_backward():
        assert_derivatives(my_loss, x, w, gradient=my_backward)

Needs NumPy and python-flint alone, and leaves nothing behind. The reference is loaded by the first
assertion, so that collecting tests does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradiometer.checking.checked import Check

__all__ = ["assert_derivatives"]


def assert_derivatives(function: Any, *args: Any, **options: Any) -> Check:
    """Assert that a derivative of a function is right; return the check.

    Args:
        function: The function, or a `Problem`.
        *args: Its arguments, as `gradiometer.check` takes them.
        **options: As of `gradiometer.check`: `gradient`, `operator`, `argnums`, `seed`, …

    Raises:
        AssertionError: If it is wrong, or could not be decided; with the verdict, what explains
            it, and the components.
        GradiometerError: If the check could not be carried out.
    """
    __tracebackhide__ = True
    from gradiometer.checking.check import check

    done = check(function, *args, **options)
    if not done:
        raise AssertionError(f"\n{done!r}")
    return done
