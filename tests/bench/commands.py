"""Running programs that say what they measured."""
import collections
import subprocess
import time

from processes import die_with_parent

# Longer than any session of a benchmark takes.
TIMEOUT_SECONDS = 4 * 3600

Outputs = collections.namedtuple('Outputs', 'texts seconds')


class Failed(Exception):
    """What went wrong, for who runs the benchmark."""


def start(command, **options):
    """A process of a group of its own, so that Ctrl-C is ours to pass on."""
    return subprocess.Popen([str(word) for word in command], text=True, start_new_session=True,
                            preexec_fn=die_with_parent, **options)


def run_together(commands):
    """Run the commands at once: what each printed, and the seconds until the last had ended. Raises Failed."""
    processes, texts = [], []
    begun = time.monotonic()
    try:
        for command in commands:
            processes.append(start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        for process in processes:
            output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
            texts.append(output)
            if process.returncode != 0:
                raise Failed('%s: %s' % (' '.join(process.args), (errors or output).strip() or
                                         'status %d' % process.returncode))
        return Outputs(texts, time.monotonic() - begun)
    except subprocess.TimeoutExpired as error:
        raise Failed(str(error))
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


def run(*command):
    """What a command prints. Raises Failed."""
    return run_together([command]).texts[0]
