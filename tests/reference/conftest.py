"""One thread for all of them."""

from ..one_thread import one_thread  # noqa: F401, TID252
