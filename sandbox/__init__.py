"""The vendors simulated over real HTTP. Shares no code with the product; see README.md."""
