"""A plugin file that cannot be loaded."""

raise ImportError("the library I need moved away")
