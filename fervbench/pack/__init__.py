"""Packs: a dataset of clips as one memory map of uint8 frames, made once and read at the speed of memory.

    from fervbench.pack import make_pack, open_pack, write_pack, verify

Reading needs numpy alone; making one needs the extra `data`, videos the extra `video`. No torch.
"""

from fervbench.pack.clips import Settings
from fervbench.pack.making import Made, make_pack
from fervbench.pack.reading import Pack, open_pack
from fervbench.pack.verifying import verify
from fervbench.pack.writing import PackWriter, write_pack

__all__ = ["Made", "Pack", "PackWriter", "Settings", "make_pack", "open_pack", "verify", "write_pack"]
