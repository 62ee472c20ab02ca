"""Functions written with NumPy and `math`, as problems: found, copied, and evaluated anywhere."""

from gradiometer.tracing.own import own_problem as own_problem
