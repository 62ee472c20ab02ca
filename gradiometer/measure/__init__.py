"""Measuring: plan, harness, workers, sampling, agreement. Imports the vocabulary only."""
