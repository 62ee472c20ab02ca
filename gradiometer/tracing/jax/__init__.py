"""Lowers functions of JAX to programs: their own graphs, interpreted in the array vocabulary.

Knows the insides of JAX 0.10; nothing else imports it before a function of JAX is met.
"""
