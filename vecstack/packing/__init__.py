"""Outlines packed into a container: pure geometry, no layers."""
