"""A sender of our own, on the wire, in a process that may be killed at any moment: SSYNC, GET and REPLICATE for ever.

It knows only what it did itself since it was started, and looks at once whether what was acknowledged to it is still there:
by offering it again, and by reading it.
"""
import dataclasses
import os
import pickle
import random
import signal
import socket
import time

import versions
from ledger import Ack
from processes import lock_holders
from swift_cluster import EC, object_hash, wire_path
from versions import DELETE, POST, PUT
from wire import (LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_DONE, UPDATES_END, UPDATES_START, ask,
                  connected, converse, subrequest)

# Nothing of the node takes so long while it is stormed, unless something hangs.
PATIENCE = 60
BROKEN = (OSError, EOFError, AssertionError)
KILLED_AT_ITS_ANSWER = 'worker killed at its answer'
# Paths by which a receiver could leave its device.
ESCAPES = [b'/../../../outside/a/c/o', b'/a/../../../outside', b'../outside/a/c/o', b'/a/c/../../../../outside']


@dataclasses.dataclass
class Known:
    """The newest PUT or DELETE of a name by this process."""
    kind: int
    units: int
    fragment: int = None
    durable: bool = True
    acknowledged: bool = False

    @property
    def readable(self):
        return self.acknowledged and self.kind == PUT and self.durable


@dataclasses.dataclass
class Operation:
    name: str
    kind: int
    units: int
    durable: bool = True


class WireSender:
    def __init__(self, port, ledger, owner, devices, seed, devices_root, kill_order):
        """kill_order: while this file is there, whoever removes it kills the worker of its session once that has answered."""
        self.port, self.ledger, self.owner, self.devices = port, ledger, owner, devices
        self.devices_root, self.kill_order = devices_root, kill_order
        self.random = random.Random(seed)
        self.clock = versions.Clock(time.time)
        self.known = {}         # (device, policy, name): Known

    def run(self):
        while True:
            try:
                dice = self.random.random()
                if dice < 0.1:
                    self.replicate()
                elif dice < 0.12:
                    self.escape()
                else:
                    Session(self).play()
            except socket.timeout:
                self.ledger.counted('silent')
            except BROKEN:
                self.ledger.counted('broken')
                # Nobody is there: as a sender does, it comes again a little later.
                time.sleep(self.random.uniform(0, 0.1))

    def target(self):
        return self.random.choice(self.devices), self.random.choice([0, EC]), self.random.randrange(1 << versions.POWER)

    def replicate(self):
        device, policy, partition = self.target()
        suffixes = '/abc-def' if self.random.random() < 0.2 else ''
        reply = ask(self.port, 'REPLICATE', '/%s/%d%s' % (device, partition, suffixes),
                    [('X-Backend-Storage-Policy-Index', str(policy))], timeout=PATIENCE)
        if reply and reply.code == 200 and reply.ended == 'last chunk':
            pickle.loads(reply.body)
            self.ledger.counted('REPLICATE')

    def escape(self):
        device, policy, partition = self.target()
        path = self.random.choice(ESCAPES)
        update = subrequest(b'PUT', path, b'X-Timestamp: %s' % versions.stamp(self.clock.next(PUT)).encode(),
                            b'Content-Length: 7', b'Content-Type: a/b', body=b'outside')
        converse(self.port, [MISSING_CHECK_START + MISSING_CHECK_END, UPDATES_START + update + UPDATES_END, LAST_CHUNK],
                 device, str(partition), headers=[('X-Backend-Storage-Policy-Index', str(policy))], timeout=PATIENCE)
        self.ledger.counted('path that leads out')


class Session:
    """One session to one partition."""

    def __init__(self, sender):
        self.sender, self.random = sender, sender.random
        self.device, self.policy, self.partition = sender.target()
        self.names = versions.names(sender.owner, self.device, self.policy, self.partition)
        # The fragments that one session moves are of one index.
        self.fragment = self.random.choice(versions.fragments_of(self.policy))
        self.headers = [('X-Backend-Storage-Policy-Index', str(self.policy))]
        if self.fragment is not None:
            self.headers.append(('X-Backend-Ssync-Frag-Index', str(self.fragment)))
        self.answered = False       # the whole session, and all is well

    def known(self, name):
        return self.sender.known.get((self.device, self.policy, name))

    def note(self, name, known):
        self.sender.known[self.device, self.policy, name] = known

    def ack(self, name, units, durable=True):
        fragment = self.fragment if versions.kind_of(units) == PUT else None
        return Ack(self.device, self.policy, name, units, fragment, durable)

    def play(self):
        names = self.random.sample(self.names, min(len(self.names), self.random.choice([1, 5, 20, 60])))
        half = len(names) // 2
        offered = [name for name in names[:half] if self.can_offer(name)]
        operations = [operation for name in names[half:] for operation in self.operations(name)]
        with connected(self.sender.port, timeout=PATIENCE) as client:
            client.start(self.device, str(self.partition), headers=self.headers)
            client.read_head()
            if client.status.split()[1] != '200':
                self.sender.ledger.counted('refused')
                return
            wanted = self.check(client, offered)
            if wanted is None:
                self.sender.ledger.counted('refused')
                time.sleep(self.random.uniform(0, 0.1))
                return
            operations += [Operation(name, self.known(name).kind, self.known(name).units) for name in wanted]
            self.update(client, operations)
        if self.answered:
            self.read([operation.name for operation in operations])

    def can_offer(self, name):
        known = self.known(name)
        return known and (known.kind == DELETE or known.fragment == self.fragment)

    def check(self, client, offered):
        """The names that the receiver wants; None if the session is refused."""
        self.sender.ledger.decides(self.device, self.policy, [name for name in offered if not self.known(name).durable])
        lines = [b'%s %s' % (object_hash(name).encode(), versions.stamp(self.known(name).units).encode()) for name in offered]
        try:
            client.send(MISSING_CHECK_START + b''.join(line + b'\r\n' for line in lines) + MISSING_CHECK_END)
        except OSError:
            pass        # it has ended the session already, and the answer says why
        line = client.read_line()
        while line == b'\r\n':
            line = client.read_line()
        if line.startswith(b':ERROR:'):
            return None
        if line != b':MISSING_CHECK: START\r\n':
            raise EOFError(line)
        hashes = set()
        while line != b':MISSING_CHECK: END\r\n':
            line = client.read_line()
            if not line:
                raise EOFError('in the missing check')
            hashes.add(line.split(b' ')[0].strip().decode())
        wanted = [name for name in offered if object_hash(name) in hashes]
        self.had([name for name in offered if name not in wanted])
        for name in wanted:
            known = self.known(name)
            if known.acknowledged:
                self.sender.ledger.lost('%s/%d %s %s was acknowledged, and is wanted' % (
                    self.device, self.policy, name, versions.stamp(known.units)))
        return wanted

    def had(self, names):
        """What is not wanted is here: a sender may delete its own copy. A fragment on offer is made durable, too."""
        self.sender.ledger.acknowledged([self.ack(name, self.known(name).units) for name in names])
        for name in names:
            self.known(name).acknowledged = self.known(name).durable = True

    def operations(self, name):
        clock, known = self.sender.clock, self.known(name)
        dice = self.random.random()
        if dice < 0.15 and known and known.readable:
            return [Operation(name, POST, clock.next(POST))]
        if dice < 0.25:
            return [Operation(name, DELETE, clock.next(DELETE))]
        durable = self.policy != EC or self.random.random() < 0.8
        put = Operation(name, PUT, clock.next(PUT), durable)
        if dice < 0.35 and durable:
            return [put, Operation(name, POST, clock.next(POST))]
        if dice < 0.4:
            return [put, Operation(name, DELETE, clock.next(DELETE))]
        if dice < 0.45:
            return [Operation(name, DELETE, clock.next(DELETE)), Operation(name, PUT, clock.next(PUT), durable)]
        return [put]

    def subrequest(self, operation):
        headers = {'X-Timestamp': versions.stamp(operation.units)}
        data = b''
        if operation.kind == PUT:
            data = versions.stored_body(operation.name, operation.units, self.fragment)
            headers.update(versions.put_headers(operation.name, operation.units, self.fragment))
            headers['Content-Length'] = str(len(data))
            if not operation.durable:
                headers['X-Backend-No-Commit'] = 'True'
        elif operation.kind == POST:
            headers.update(versions.post_headers(operation.units))
        lines = [('%s: %s' % pair).encode() for pair in headers.items()]
        return subrequest([b'PUT', b'POST', b'DELETE'][operation.kind], wire_path(operation.name).encode(), *lines, body=data)

    def update(self, client, operations):
        # Whatever becomes of the session, from now on this may be what is there.
        for operation in operations:
            if operation.kind != POST:
                fragment = self.fragment if operation.kind == PUT else None
                self.note(operation.name, Known(operation.kind, operation.units, fragment, operation.durable))
        data = UPDATES_START + b''.join(map(self.subrequest, operations)) + UPDATES_END
        if self.random.random() < 0.15:
            self.break_off(client, data)
            return
        # In pieces, as a network has it.
        for start in range(0, len(data), 60000):
            client.send(data[start:start + 60000])
        worker = self.worker_to_kill()
        client.raw(LAST_CHUNK)
        lines = client.read_line()
        while lines.startswith(UPDATES_START) and not lines.endswith(UPDATES_END):
            line = client.read_line()
            lines += line
            if not line:
                break
        if lines != UPDATES_DONE:
            if worker:
                with open(self.sender.kill_order, 'w'):
                    pass    # for another session
            self.sender.ledger.counted('failed' if lines else 'broken')
            return
        if worker:
            os.kill(worker, signal.SIGKILL)
            self.sender.ledger.counted(KILLED_AT_ITS_ANSWER)
        self.answered = True
        self.sender.ledger.acknowledged([self.ack(operation.name, operation.units, operation.durable)
                                         for operation in operations])
        self.sender.ledger.counted('session')
        for operation in operations:
            self.known(operation.name).acknowledged = True

    def worker_to_kill(self):
        """The worker of this session, if there is an order to kill one: at once after its answer, when what it has still to
        do would be lost."""
        try:
            os.unlink(self.sender.kill_order)
        except FileNotFoundError:
            return None
        objects = 'objects' + ('-%d' % self.policy if self.policy else '')
        holders = lock_holders(os.path.join(self.sender.devices_root, self.device, objects, str(self.partition), '.lock-replication'))
        return holders[0] if holders else None

    def break_off(self, client, data):
        data = data[:self.random.randrange(len(data))]
        if data:
            client.send(data)
        self.sender.ledger.counted('ended midway')
        ending = self.random.choice(['close', 'reset', 'half close'])
        if ending == 'half close':
            client.socket.shutdown(socket.SHUT_WR)
            client.rest()
        elif ending == 'reset':
            client.reset()

    def read(self, names):
        """The last of the objects that were just acknowledged, for which there was the least time, and another."""
        for name in names[-1:] + self.random.sample(names, min(1, len(names))):
            known = self.known(name)
            if not (known.acknowledged and known.durable):
                continue
            reply = ask(self.sender.port, 'GET', '/%s/%d%s' % (self.device, self.partition, wire_path(name)),
                        [('X-Backend-Storage-Policy-Index', str(self.policy))], timeout=PATIENCE)
            if reply is None or reply.code not in (200, 404) or reply.ended != 'last chunk':
                continue
            self.sender.ledger.counted('GET')
            if reply.code != (200 if known.kind == PUT else 404):
                self.sender.ledger.lost('%s/%d %s %s: GET is answered with %d' % (
                    self.device, self.policy, name, versions.stamp(known.units), reply.code))
            elif known.kind == PUT and reply.body != versions.stored_body(name, known.units, known.fragment):
                self.sender.ledger.lost('%s/%d %s %s: GET gives other bytes' % (
                    self.device, self.policy, name, versions.stamp(known.units)))
