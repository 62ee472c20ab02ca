"""Certificates by double-double arithmetic: two doubles and a radius for each component."""
