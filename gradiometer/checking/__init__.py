"""Whether a derivative is right: in this process, of one function, and with nothing kept."""
