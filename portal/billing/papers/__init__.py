"""The forms of a statement: PDF, XLSX, CSV, JSON, and a bundle of all of them. Each is a function of plain values."""
