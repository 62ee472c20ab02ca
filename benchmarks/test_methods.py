"""Every method on every problem, as benchmarks: `pytest --benchmark-only` from the project's root.

Choose cells by their ids: `pytest --benchmark-only -k "mlp and gradient and jax-jit"`.
"""

from typing import Any

from gradiometer.pytest_plugin.session import BenchmarkCell


def test_floor(benchmark: Any, gradiometer_floor: Any) -> None:
    """A call that does nothing, for scale."""
    benchmark.group = "floor"
    benchmark(gradiometer_floor)


def test_cell(gradiometer_cell: BenchmarkCell, benchmark: Any) -> None:
    """Agreement first: the time of a wrong answer is never taken."""
    gradiometer_cell.check()
    gradiometer_cell.time(benchmark)
