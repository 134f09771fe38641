"""Trials of a domain's script: what a call would get, asked of the vendor or fetched from here."""
