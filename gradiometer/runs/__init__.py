"""Runs: what an experiment measured, kept in a folder, read back, and made into frames."""
