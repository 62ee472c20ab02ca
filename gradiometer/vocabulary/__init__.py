"""The vocabulary: what plugin authors and every room speak. Knows NumPy only."""
