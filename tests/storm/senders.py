"""The processes that send while the node is stormed: forked, killed, and forked again."""
import contextlib
import os
import random
import sys
import traceback

from ledger import Ledger
from node import kill
from processes import die_with_parent, family
from source_sender import SsyncSend, SwiftSender
from wire_sender import WireSender

KINDS = [WireSender] * 4 + [SsyncSend, SwiftSender]


class Senders:
    """One for each entry of KINDS, by its number; a generation is one life of one of them."""

    def __init__(self, root, swift_dir, port, devices_root, devices, seed):
        self.root, self.swift_dir, self.port, self.devices, self.seed = root, swift_dir, port, devices, seed
        self.devices_root = devices_root
        self.kill_order = os.path.join(root, 'kill-a-worker-at-its-answer')
        self.ledgers = os.path.join(root, 'ledgers')
        self.errors = os.path.join(root, 'senders.stderr')
        os.makedirs(self.ledgers)
        self.running = {}       # pid: number
        self.generation = 0
        self.killed = set()
        self.wrong = []

    def start_missing(self):
        """Starts those that do not run. To be called again and again: it also notes those that have ended."""
        for pid in list(self.running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self.running[pid]
                if pid not in self.killed:
                    self.wrong.append('a sender ended by itself (%d): %s' % (os.waitstatus_to_exitcode(status), self.last_error()))
        for number in range(len(KINDS)):
            if number not in self.running.values():
                self.running[self.start(number)] = number

    def last_error(self):
        with open(self.errors, encoding='utf-8', errors='replace') as errors:
            return errors.read()[-2000:]

    def start(self, number):
        self.generation += 1
        pid = os.fork()
        if pid == 0:
            self.become(number)
        return pid

    def become(self, number):
        try:
            die_with_parent()
            errors = os.open(self.errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(errors, 1)
            os.dup2(errors, 2)
            kind = KINDS[number]
            seed = random.Random('%s %d' % (self.seed, self.generation)).random()
            ledger = Ledger(os.path.join(self.ledgers, '%d-%d' % (number, self.generation)))
            more = (self.devices_root, self.kill_order) if kind is WireSender else (os.path.join(self.root, 'source-%d' % number), self.swift_dir)
            kind(self.port, ledger, 's%d' % number, self.devices, seed, *more).run()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)

    def kill_one(self, chooser):
        pid = chooser.choice(sorted(self.running))
        programs = sorted(family([pid]) - {pid})
        # ssync-send has been started by one of them.
        if programs and chooser.random() < 0.5:
            kill(programs[:1])
        else:
            self.killed.add(pid)
            kill([pid])

    def kill_a_worker_at_its_answer(self):
        """Orders it; False if an earlier order is still to be carried out."""
        if os.path.exists(self.kill_order):
            return False
        with open(self.kill_order, 'w'):
            return True

    def kill_all(self):
        pids = family(list(self.running))
        self.killed |= set(self.running)
        kill(pids)
        for pid in self.running:
            os.waitpid(pid, 0)
        self.running.clear()
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.kill_order)
