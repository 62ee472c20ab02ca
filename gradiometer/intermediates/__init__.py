"""Every intermediate value of a computation and its adjoint, certified, beside those by hand."""
