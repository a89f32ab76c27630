"""Programs as Debian has them, installed where they are missing and this user may."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .peers import Peer, call
from .processes import Failure


class Debian:
    """Mixed into a peer or a relay: where its program comes from."""

    program = ""
    packages: list = []
    version_flag = "-v"

    def prepare(self):
        super().prepare()
        if self.binary() is None and os.geteuid() == 0 and shutil.which("apt-get"):
            install = ["apt-get", "install", "--yes", "--no-install-recommends", *self.packages]
            with services_held_back():
                call(["env", "DEBIAN_FRONTEND=noninteractive", *install], f"installing {self.program}", 300)
        if self.binary() is None:
            raise Failure(f"{self.program} is not installed, and cannot be by this user")

    def binary(self):
        return shutil.which(self.program) or shutil.which(self.program, path="/usr/sbin")

    def version(self):
        result = subprocess.run([self.binary(), self.version_flag], capture_output=True, text=True, timeout=20)
        return " ".join((result.stdout + result.stderr).split()[:3])


class PackagedPeer(Debian, Peer):
    """A peer whose version is that of its package, as it does not say one itself."""

    def version(self):
        query = ["dpkg-query", "-W", "-f", "${Package} ${Version}", self.packages[0]]
        return subprocess.run(query, capture_output=True, text=True, timeout=20).stdout


@contextlib.contextmanager
def services_held_back():
    """While it lasts, an installation starts no service: Debian asks this program first (policy-rc.d)."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    with tempfile.NamedTemporaryFile("w", dir=policy.parent, delete=False) as file:
        file.write("#!/bin/sh\nexit 101\n")
    os.chmod(file.name, 0o755)
    os.rename(file.name, policy)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
