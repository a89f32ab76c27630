"""Processes under test: started with what they need, waited for, and always stopped by their own id."""

import contextlib
import ctypes
import random
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
LISTENING = "0A"


class Failure(Exception):
    """Something that ends the run, said in one line."""


def free_port(taken=set()):
    """A port nobody listens on, below the range the kernel hands out, so that no connection takes it meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        if port in taken:
            continue
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                taken.add(port)
                return port


def is_listening(port):
    """Whether a TCP socket listens there, without connecting: a connection would already be a load."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return True
    return False


def prepare_child():
    """Runs in the child: as many descriptors as are allowed, and no life after this runner."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One process under test."""

    def __init__(self, name, command, log, port):
        self.name = name
        self.log = Path(log)
        self.port = port
        with open(self.log, "wb") as output:
            self.child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=prepare_child,
            )

    @property
    def id(self):
        return self.child.pid

    def wait_until_listening(self, seconds=10):
        deadline = time.monotonic() + seconds
        while not is_listening(self.port):
            if self.child.poll() is not None:
                raise Failure(f"{self.name} ended with {self.child.returncode}: {self.last_words()}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} does not listen on port {self.port}: {self.last_words()}")
            time.sleep(0.02)

    def check_alive(self):
        if self.child.poll() is not None:
            raise Failure(f"{self.name} died with {self.child.returncode}: {self.last_words()}")

    def last_words(self):
        lines = self.log.read_text(errors="replace").splitlines()
        return " | ".join(lines[-5:]) or "it said nothing"

    def stop(self):
        if self.child.poll() is not None:
            return
        self.child.terminate()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


@contextlib.contextmanager
def running(specifications):
    """Starts processes in order, each when the one before listens; stops them all, whatever happens."""
    started = []
    try:
        for name, command, log, port in specifications:
            process = Process(name, command, log, port)
            started.append(process)
            process.wait_until_listening()
        yield started
    finally:
        for process in reversed(started):
            process.stop()
