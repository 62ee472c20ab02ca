"""An experiment: two versions of one's own code in the same rounds, process by process."""
