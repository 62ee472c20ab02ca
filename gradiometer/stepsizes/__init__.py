"""The error of differences against their step: an experiment beside the comparison of methods."""
