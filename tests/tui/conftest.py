"""Fixtures for all tests of the terminal interface."""

from driver import index_dir, odd_shop, own_home, play

__all__ = ["index_dir", "odd_shop", "own_home", "play"]
