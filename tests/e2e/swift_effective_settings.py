"""What Swift's object server runs with, read from Swift: a program, since loading an application changes its process.

Each line of standard input is the path of a configuration; each line of standard output is JSON: {"refused": WHY}, or
the settings by the names of their options.
"""
import json
import os
import socket
import sys
from unittest import mock

from swift.common import utils, wsgi
from swift.obj.server import ObjectController

from swift_cluster import adopt_swift_dir

MEBI = 1024 * 1024


def statsd_settings(client):
    """Where metrics go; with a port that is none Swift runs, and sends nothing."""
    if client is None or not 1 <= client._port <= 65535:
        return {'log_statsd_host': ''}
    return {'log_statsd_host': client._host, 'log_statsd_port': str(client._port), 'log_statsd_metric_prefix': client._base_prefix,
            'log_statsd_default_sample_rate': str(client._default_sample_rate),
            'log_statsd_sample_rate_factor': str(client._sample_rate_factor)}


def number_text(text):
    """As modify_priority() and setpriority(2) take it; empty for what is left as it is."""
    try:
        number = int(text)
    except ValueError:
        return ''
    return str(number) if abs(number) < 2 ** 31 else ''


def priorities(conf):
    """What modify_priority() gives the process."""
    return {'nice_priority': number_text(conf.get('nice_priority', '')),
            'ionice_class': conf['ionice_class'] if conf.get('ionice_class') in utils.IO_CLASS_ENUM else '',
            'ionice_priority': number_text(conf.get('ionice_priority', 0))}


def nothing_found(*_):
    raise socket.gaierror('not looked up')


def effective_settings(path):
    # As run_wsgi() does, up to where it would open a socket.
    conf = wsgi.appconfig(path, name='object-server')
    with mock.patch.object(utils.socket, 'getaddrinfo', nothing_found):
        app = wsgi.loadapp(path, global_conf={'log_name': conf.get('log_name', 'object-server')})
    app = getattr(app, '_pipeline_final_app', app)
    if type(app) is not ObjectController:
        raise ValueError('another server: %r' % app)
    manager = app._diskfile_router.policy_to_manager[0]
    logger = app.logger.logger
    reserve, is_percent = utils.config_fallocate_value(conf.get('fallocate_reserve', '1%'))
    return {
        'devices': os.path.join('/', manager.devices),
        'mount_check': manager.mount_check,
        'disable_fallocate': utils.config_true_value(conf.get('disable_fallocate', 'no')),
        'fallocate_reserve': [reserve, is_percent],
        'disk_chunk_size': manager.disk_chunk_size,
        'keep_cache_size': manager.keep_cache_size,
        'mb_per_sync': manager.bytes_per_sync // MEBI,
        'reclaim_age': manager.reclaim_age,
        'commit_window': manager.commit_window,
        'replication_server': app.replication_server,
        'client_timeout': app.client_timeout,
        'network_chunk_size': app.network_chunk_size,
        'max_upload_time': app.max_upload_time,
        'replication_concurrency': int(conf.get('replication_concurrency') or 4),
        'replication_concurrency_per_device': manager.replication_concurrency_per_device,
        'replication_lock_timeout': manager.replication_lock_timeout,
        'replication_failure_threshold': app.replication_failure_threshold,
        'replication_failure_ratio': app.replication_failure_ratio,
        'allowed_headers': sorted(app.allowed_headers),
        'keep_cache_private': app.keep_cache_private,
        'log_requests': app.log_requests,
        'log_name': app.logger.server,
        'log_facility': utils.get_logger.handler4logger[logger].facility,
        'log_level': logger.level,
        **statsd_settings(logger.statsd_client),
        **priorities(conf),
        # Without it Swift becomes 'swift', and ssync-worker stays what its systemd unit says.
        'user': conf.get('user', ''),
    }


def main():
    adopt_swift_dir(sys.argv[1])
    for line in sys.stdin:
        try:
            answer = effective_settings(line.rstrip('\n'))
        except (Exception, SystemExit) as error:
            answer = {'refused': '%s: %s' % (type(error).__name__, error)}
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()
