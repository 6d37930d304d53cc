"""Lips: what looks at mouths and listens."""

from understudy.lips.syncnet import SyncNet, load_expert

__all__ = ["SyncNet", "load_expert"]
