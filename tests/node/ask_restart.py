"""usage: ask_restart.py SOCKET NAME. What a restart command of a test's ssync-node runs: the test does it."""
import socket
import sys

with socket.socket(socket.AF_UNIX) as controls:
    controls.connect(sys.argv[1])
    controls.sendall(sys.argv[2].encode())
    sys.exit(controls.recv(100) != b'done')
