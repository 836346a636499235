"""What was acknowledged, written down by each sender before it does anything else, so that it outlives the sender."""
import collections
import json
import os

Ack = collections.namedtuple('Ack', 'device policy name units fragment durable')


class Ledger:
    """One sender's file. Nobody else writes to it; a torn last line is that of a killed sender and counts for nothing."""

    def __init__(self, path):
        self.file = open(path, 'ab', buffering=0)

    def _write(self, lines):
        self.file.write(''.join(json.dumps(line) + '\n' for line in lines).encode())

    def acknowledged(self, acks):
        if acks:
            self._write([['ack', *ack] for ack in acks])
            os.fsync(self.file.fileno())

    def decides(self, device, policy, names):
        """Undecided fragments that an offer may make durable, which leaves hashes.invalid alone, as Swift does."""
        if names:
            self._write([['decides', device, policy, name] for name in names])
            os.fsync(self.file.fileno())

    def counted(self, what):
        self._write([['count', what]])

    def lost(self, text):
        """Seen by the sender itself while the storm went on."""
        self._write([['lost', text]])
        os.fsync(self.file.fileno())


class Read:
    """All ledgers of a directory: acknowledgements without those that are repeated, counts, losses."""

    def __init__(self, directory):
        self.acks = collections.defaultdict(set)    # (device, policy, name): {Ack}
        self.acknowledged = 0
        self.counts = collections.Counter()
        self.lost = []
        self.decided = set()                        # (device, policy, name)
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), 'rb') as file:
                for line in file:
                    if line.endswith(b'\n'):
                        self._take(*json.loads(line))

    def _take(self, kind, *values):
        if kind == 'ack':
            ack = Ack(*values)
            self.acknowledged += 1
            self.acks[ack.device, ack.policy, ack.name].add(ack)
        elif kind == 'count':
            self.counts[values[0]] += 1
        elif kind == 'decides':
            self.decided.add(tuple(values))
        else:
            self.lost.append(values[0])
