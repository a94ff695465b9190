"""Collect what others publish and publish it again, as dataset versions that can be trusted."""
