"""How much is measured."""
import dataclasses

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Scale:
    rounds: int
    small: int             # objects of 4 KiB in a session
    medium: int            # of 64 KiB
    others: int            # that are in the partition already
    large: int             # of large_size
    large_size: int
    checks: int            # objects in sync, and of the partition that is hashed
    stale: int             # half of them newer at the sender
    each: int              # in each of four sessions at once
    growth: tuple          # objects in the partitions that are compared
    growth_swift: int      # Swift fills partitions up to this size; larger ones are only checked and written to
    growth_more: int       # objects written into each of them
    neighbour_seconds: float
    held_back_seconds: float
    device_size: int       # bytes that have to be free; most of them are never used


SCALES = {
    'smoke': Scale(rounds=1, small=40, medium=10, others=20, large=2, large_size=2 * MIB, checks=60, stale=20, each=10,
                   growth=(20, 60), growth_swift=60, growth_more=10, neighbour_seconds=0.3, held_back_seconds=0.3, device_size=1 << 30),
    'short': Scale(rounds=3, small=1000, medium=500, others=1000, large=4, large_size=64 * MIB, checks=5000,
                   stale=1000, each=400, growth=(1000, 10000), growth_swift=1000, growth_more=500,
                   neighbour_seconds=2, held_back_seconds=5, device_size=8 << 30),
    'full': Scale(rounds=3, small=4000, medium=2000, others=4000, large=8, large_size=64 * MIB, checks=20000,
                  stale=4000, each=1000, growth=(1000, 10000, 100000), growth_swift=10000, growth_more=1000,
                  neighbour_seconds=5, held_back_seconds=20, device_size=12 << 30),
}
# What an object of 4 KiB takes of a device: blocks and inodes of the file and its directory, with room to spare.
GROWTH_BYTES = 12 << 10


def grown(scale, objects):
    """The scale with partitions of up to so many objects: the powers of ten on the way there, and that number."""
    sizes = [size for size in scale.growth if size < objects]
    while sizes and sizes[-1] * 10 < objects:
        sizes.append(sizes[-1] * 10)
    return dataclasses.replace(scale, growth=tuple(sizes) + (objects,),
                               device_size=max(scale.device_size, 2 * objects * GROWTH_BYTES))
