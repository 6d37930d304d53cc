"""Faces: found, followed, aligned, masked and packed."""
