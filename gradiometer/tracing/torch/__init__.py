"""Functions of PyTorch as programs of our own: see `lower`, `taken`, `derivative` and `kernels`."""
