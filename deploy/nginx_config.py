"""Fills in nginx's configuration templates for a separate nginx in a run directory."""

import os
import shutil

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _fill(template, values):
    with open(os.path.join(REPOSITORY, 'nginx', template), encoding='utf-8') as f:
        lines = f.read().splitlines(keepends=True)
    filled = []
    for line in lines:
        if not line.lstrip().startswith('#'):  # comments explain the placeholders by name
            for name, value in values.items():
                line = line.replace('@%s@' % name, value)
        filled.append(line)
    return ''.join(filled)


def write_tls_config(run_dir, listen, certificate, key, client_ca):
    """Writes ssync-tls.conf, which the site includes from the next start or reload on."""
    text = _fill('ssync-tls.conf.in', {'TLS_LISTEN': listen, 'CERTIFICATE': certificate, 'CERTIFICATE_KEY': key,
                                       'CLIENT_CA': client_ca})
    with open(os.path.join(run_dir, 'ssync-tls.conf'), 'w', encoding='utf-8') as f:
        f.write(text)


def write_nginx_config(run_dir, listen, socket_path, module, duplex=True, other_methods=''):
    """Writes nginx.conf, ssync.conf and ssync-access.conf into run_dir and returns nginx's command line.

    socket_path may have $server_port in it, for a pool for each port. duplex=False omits fastcgi_duplex, to show that
    sessions hang without it.
    """
    for path in (run_dir, socket_path.replace('$server_port', ''), module):
        if any(c in path for c in '"$\\\n'):
            raise ValueError('nginx does not support the characters " $ \\ or a newline in a path: %r' % path)
    os.makedirs(os.path.join(run_dir, 'nginx-temp'), exist_ok=True)
    site = _fill('ssync.conf.in', {
        'LISTEN': listen,
        'SOCKET': socket_path,
        'ACCESS_LOG': os.path.join(run_dir, 'access.log'),
        'ERROR_LOG': os.path.join(run_dir, 'nginx-error.log'),
        'OTHER_METHODS': other_methods,
    })
    if not duplex:
        site = site.replace('fastcgi_duplex on;', '')
    main = _fill('nginx.conf.in', {
        'MODULE': module,
        'RUN_DIR': run_dir,
        # As root, nginx would serve as "nobody", who cannot reach a socket in a private directory.
        'USER': 'user root;' if os.geteuid() == 0 else '',
    })
    for name, text in (('ssync.conf', site), ('nginx.conf', main)):
        with open(os.path.join(run_dir, name), 'w', encoding='utf-8') as f:
            f.write(text)
    shutil.copyfile(os.path.join(REPOSITORY, 'nginx', 'ssync-access.conf'), os.path.join(run_dir, 'ssync-access.conf'))
    return ['nginx', '-p', run_dir, '-e', os.path.join(run_dir, 'nginx-error.log'),
            '-c', os.path.join(run_dir, 'nginx.conf')]
