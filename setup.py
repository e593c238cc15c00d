"""Packaging; what the project is stands in pyproject.toml."""

from setuptools import setup

setup()
