"""Whole cases measured on several machines, and how they get there."""
