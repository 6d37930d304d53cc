"""Understudy: comparative deepfake studies on people who consented, that somebody else can verify."""

from understudy.errors import Error

__all__ = ["Error", "__version__"]
__version__ = "0.1.0"
