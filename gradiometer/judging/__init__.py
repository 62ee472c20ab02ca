"""What an answer is worth beside the truth, and what explains one that is wrong."""
