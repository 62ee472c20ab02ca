"""Functions written with NumPy and `math`, as problems: found, copied, and evaluated anywhere.

`own` is the way in; nothing is imported here, so that listing plugins does not load all of it.
"""
