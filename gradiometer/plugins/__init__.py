"""Where problems and methods are found, and how they get into a worker process."""
