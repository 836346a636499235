"""The site of nginx/ in an nginx of a test's own, before pools that run already."""
import contextlib
import os
import subprocess
import sys

from processes import await_condition, die_with_parent
from worker_server import REPOSITORY, build_dir

sys.path.insert(0, os.path.join(REPOSITORY, 'deploy'))
from nginx_config import write_nginx_config  # noqa: E402


@contextlib.contextmanager
def own_site(run_dir, listen, socket, other_methods=''):
    """Arguments as the site's template has them."""
    os.chmod(run_dir, 0o755)
    module = os.path.join(build_dir(), 'nginx', 'ngx_http_fastcgi_duplex_module.so')
    command = write_nginx_config(run_dir, listen, socket, module, other_methods=other_methods)
    nginx = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent)
    try:
        await_condition(lambda: os.path.exists(os.path.join(run_dir, 'nginx.pid')), 'nginx')
        yield
    finally:
        nginx.terminate()
        nginx.wait(20)
