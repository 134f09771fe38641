"""The tenant's pages of video."""
