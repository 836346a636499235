"""What Swift's object replicator makes of configurations and passes: a program, since it changes its process.

swift_answers.py settings SWIFT_DIR: each line of standard input is the path of a configuration.
swift_answers.py reports SWIFT_DIR: each line is a call as report_pass.cc has them.
Each line of standard output is the answer, as JSON.
"""
import json
import logging
import os
import socket
import sys
from collections import defaultdict
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

from swift_cluster import adopt_swift_dir  # noqa: E402

MEBI = 1024 * 1024
OWN_WARNINGS = ('Option object-replicator/', 'Handoff only mode')


class Lines(logging.Handler):
    """Collects what is logged."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def priorities(conf):
    """What modify_priority() would set."""
    from swift.common import utils
    try:
        nice = int(conf['nice_priority'])
    except (KeyError, ValueError):
        nice = None
    try:
        io_class = conf['ionice_class'] if conf['ionice_class'] in utils.IO_CLASS_ENUM else ''
        io_priority = int(conf.get('ionice_priority', 0)) if io_class else 0
    except (KeyError, ValueError):
        io_class, io_priority = '', 0
    return nice, [io_class, io_priority]


def nothing_found(*_):
    raise socket.gaierror('not looked up')


def statsd(logger):
    """Where metrics go."""
    client = logger.logger.statsd_client
    if client is None:
        return None
    return [client._host, client._port, str(client._default_sample_rate), str(client._sample_rate_factor), client._base_prefix]


def effective_settings(path):
    from swift.common import utils
    from swift.obj.replicator import ObjectReplicator
    # As run_daemon() does, up to where it would change its process.
    conf = utils.readconf(path, 'object-replicator')
    with mock.patch.object(utils.socket, 'getaddrinfo', nothing_found):
        logger = utils.get_logger(conf, conf.get('log_name'), log_route='object-replicator')
    reserve, is_percent = utils.config_fallocate_value(conf.get('fallocate_reserve', '1%'))
    level, lines = logger.logger.level, Lines()
    logger.logger.setLevel(logging.DEBUG)
    logger.logger.addHandler(lines)
    try:
        replicator = ObjectReplicator(conf, logger)
    finally:
        logger.logger.removeHandler(lines)
    manager = replicator._df_router.policy_to_manager[0]
    nice, ionice = priorities(conf)
    return {
        'devices': os.path.join('/', replicator.devices_dir),
        'mount_check': replicator.mount_check,
        'disable_fallocate': utils.config_true_value(conf.get('disable_fallocate', 'no')),
        'fallocate_reserve': [reserve, is_percent],
        'disk_chunk_size': manager.disk_chunk_size,
        'keep_cache_size': manager.keep_cache_size,
        'mb_per_sync': manager.bytes_per_sync // MEBI,
        'reclaim_age': manager.reclaim_age,
        'commit_window': manager.commit_window,
        'swift_dir': os.path.join('/', replicator.swift_dir),
        'user': conf.get('user', 'swift'),
        'log_name': logger.server,
        'log_facility': utils.get_logger.handler4logger[logger.logger].facility,
        'log_level': level,
        'ring_ip': replicator.ring_ip,
        'ring_port': replicator.port,
        'concurrency': replicator.concurrency,
        'replicator_workers': replicator.replicator_workers,
        'daemonize': utils.config_true_value(conf.get('daemonize', 'true')),
        'interval': replicator.interval,
        'stats_interval': replicator.stats_interval,
        'ring_check_interval': replicator.ring_check_interval,
        'http_timeout': replicator.http_timeout,
        'node_timeout': replicator.node_timeout,
        'conn_timeout': replicator.conn_timeout,
        'network_chunk_size': replicator.network_chunk_size,
        'handoffs_first': replicator.handoffs_first,
        'handoff_delete': replicator.handoff_delete,
        'recon_cache_path': os.path.join('/', replicator.recon_cache_path),
        'nice_priority': nice,
        'ionice': ionice,
        'statsd': statsd(logger),
        'sync_method': replicator.sync_method.__name__,
        'warnings': [line for line in lines.lines if line.startswith(OWN_WARNINGS)],
    }


def settings(line):
    try:
        return effective_settings(line)
    except (Exception, SystemExit) as error:
        return {'refused': '%s: %s' % (type(error).__name__, error)}


class Reports:
    """An ObjectReplicator that has made passes."""

    def __init__(self):
        from swift.obj.replicator import ObjectReplicator, Stats
        self.make_stats = Stats.from_recon
        self.replicator = ObjectReplicator({'sync_method': 'ssync'})
        logger = logging.getLogger('object-replicator')
        logger.setLevel(logging.INFO)
        self.log = Lines()
        logger.addHandler(self.log)

    def lines(self, moments):
        self.replicator.start, self.replicator.last_replication_count = 0, 0
        answers = []
        for stats, jobs, elapsed, times in moments:
            self.replicator.stats_for_dev = defaultdict(None, {'sda': self.make_stats(stats)})
            self.replicator.job_count, self.replicator.partition_times = jobs, times
            self.log.lines = []
            with mock.patch('time.time', lambda: elapsed):
                self.replicator.stats_line()
            answers.append(self.log.lines)
        return answers

    def dump(self, path, update):
        from swift.common.utils import dump_recon_cache
        dump_recon_cache(update, path, self.replicator.logger)

    def update_recon(self, stats_for_dev, time, minutes, devices):
        self.replicator.stats_for_dev = {device: self.make_stats(stats) for device, stats in stats_for_dev.items()}
        self.replicator.is_multiprocess_worker = devices is not None
        found = []
        with mock.patch('swift.obj.replicator.dump_recon_cache', lambda update, path, logger: found.append(update)):
            self.replicator.update_recon(minutes, time, devices)
        return found[0]

    def per_disk(self, stats_for_dev, time, minutes):
        return self.update_recon(stats_for_dev, time, minutes, list(stats_for_dev))

    def aggregated(self, path, devices):
        self.replicator.rcache, self.replicator.all_local_devices = path, set(devices)
        return self.replicator.aggregate_recon_update()

    def answer(self, what, *arguments):
        if what == 'pass':
            stats, time, minutes = arguments
            return self.update_recon({'sda': stats}, time, minutes, None)
        return getattr(self, what)(*arguments)


def main():
    adopt_swift_dir(sys.argv[2])
    if sys.argv[1] == 'settings':
        answer = settings
    else:
        reports = Reports()

        def answer(line):
            return reports.answer(*json.loads(line))
    for line in sys.stdin:
        print(json.dumps(answer(line.rstrip('\n'))), flush=True)


if __name__ == '__main__':
    main()
