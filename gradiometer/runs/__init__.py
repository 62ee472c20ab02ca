"""Runs: records, their store, and the frames made of them."""
