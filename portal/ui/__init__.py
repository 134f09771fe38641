"""The shared face: layout, components, charts, paging. Knows no vendor app."""

VERSION = "0.1"
