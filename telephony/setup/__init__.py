"""How a person comes to a telephone that works: the setup sheet, and the link that shows it once."""
