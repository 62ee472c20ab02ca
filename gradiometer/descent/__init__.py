"""Descending a problem with every method: an experiment beside the comparison of methods."""
