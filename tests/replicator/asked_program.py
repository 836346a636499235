"""A program that answers each line of its input with a line of JSON."""
import json
import subprocess


class AskedProgram:
    """Ended by leaving the `with`."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)

    def ask(self, line):
        """The answer. What else it prints is passed over."""
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        while True:
            answer = self.process.stdout.readline()
            assert answer, 'ended: %s' % self.process.args
            try:
                return json.loads(answer)
            except ValueError:
                continue
