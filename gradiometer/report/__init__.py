"""Reports: tables and charts from the frames of a run."""
