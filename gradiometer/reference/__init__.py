"""The reference: proven enclosures of true derivatives, by ball arithmetic on a tape."""
