"""An object-server.conf as replicators read it."""
from swift_server import user_name


def replicator_conf(swift_dir, devices, recon, port, address='127.0.0.1', default=None, replicator=None):
    """Its text. default and replicator: further options of [DEFAULT] and [object-replicator]."""
    sections = {
        'DEFAULT': {'user': user_name(), 'swift_dir': swift_dir, 'devices': devices, 'mount_check': 'false', 'bind_ip': address,
                    'bind_port': port, 'recon_cache_path': recon, **(default or {})},
        'object-replicator': {'sync_method': 'ssync', **(replicator or {})}}
    return '\n'.join('[%s]\n' % name + ''.join('%s = %s\n' % option for option in options.items())
                     for name, options in sections.items())
