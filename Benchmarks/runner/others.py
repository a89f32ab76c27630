"""Peers beside sing-box: what people use for one part of what we do."""

import json
import subprocess
import sys

from .debian import PackagedPeer
from .peers import BENCHMARKS, METHOD, Peer, install_from_pypi
from .processes import Failure


class ShadowsocksLibev(PackagedPeer):
    """shadowsocks-libev, a thread each for client and server. It has no Shadowsocks 2022: its nearest method is the
    AES-256-GCM of 2017, which has no replay filter of time and no padding."""

    name = "shadowsocks-libev"
    program = "ss-server"
    packages = ["shadowsocks-libev"]
    suffix = ".json"
    shapes = ("tunnel",)

    def command(self, path):
        program = "ss-local" if path.stem.endswith("client") else "ss-server"
        return [program, "-u", "-c", path]

    def exit(self, port, key):
        return json.dumps(self.common(port, key))

    def client(self, port, exit_port, key):
        return json.dumps(self.common(exit_port, key) | {"local_address": "127.0.0.1", "local_port": port})

    @staticmethod
    def common(port, key):
        return {"server": "127.0.0.1", "server_port": port, "password": key, "method": "aes-256-gcm", "timeout": 3600}


class Microsocks(PackagedPeer):
    """microsocks: a SOCKS5 server with a thread for each connection."""

    name = program = "microsocks"
    packages = ["microsocks"]
    suffix = ".txt"
    shapes = ("direct",)

    def command(self, path):
        return [self.binary(), "-i", "127.0.0.1", "-p", path.read_text()]

    def proxy(self, port):
        return str(port)


class Dante(PackagedPeer):
    """Dante: a SOCKS5 server that spreads its clients over processes, whose time counts with its own."""

    name = "Dante"
    program = "danted"
    packages = ["dante-server"]
    suffix = ".conf"
    shapes = ("direct",)

    def command(self, path):
        return [self.binary(), "-f", path, "-p", path.with_suffix(".pid")]

    def proxy(self, port):
        return f"""\
errorlog: stderr
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
client pass {{ from: 127.0.0.0/8 to: 127.0.0.0/8 }}
socks pass {{ from: 127.0.0.0/8 to: 127.0.0.0/8 }}
"""


class Xray(Peer):
    """Xray, from a package on PyPI that has it as a library for Python: Python starts it and does nothing more, but the
    memory is that of both."""

    name = "Xray"
    suffix = ".json"
    pin = "1.8.26.13"
    digest = "eacc9c4ee4ef4cd11fff8335ed18dad210addc8902d6135a2b434444415bca29"
    start = "import sys, xray; xray.startFromJSON(open(sys.argv[1]).read())"

    def __init__(self):
        self.folder = BENCHMARKS / ".peers" / f"xray-core-{self.pin}"

    def prepare(self):
        if not (self.folder / "xray").exists():
            install_from_pypi("xray-core", self.pin, self.digest, self.folder)
        if not self.version():
            raise Failure("the Xray package does not work with this Python")

    def version(self):
        show = [*self.python(), "import xray; print('Xray', xray.__version__)"]
        return subprocess.run(show, capture_output=True, text=True, timeout=60).stdout.strip()

    def python(self):
        return ["env", f"PYTHONPATH={self.folder}", sys.executable, "-c"]

    def command(self, path):
        return [*self.python(), self.start, path]

    def exit(self, port, key):
        inbound = {"protocol": "shadowsocks", "settings": {"method": METHOD, "password": key, "network": "tcp,udp"}}
        # What comes from elsewhere may not go to this host unless a rule says so.
        freedom = {"protocol": "freedom", "settings": {"finalRules": [{"action": "allow"}]}}
        return self.configuration(inbound, port, freedom)

    def client(self, port, exit_port, key):
        server = {"address": "127.0.0.1", "port": exit_port, "method": METHOD, "password": key}
        return self.configuration(self.socks(), port, {"protocol": "shadowsocks", "settings": {"servers": [server]}})

    def proxy(self, port):
        return self.configuration(self.socks(), port, {"protocol": "freedom"})

    @staticmethod
    def socks():
        return {"protocol": "socks", "settings": {"auth": "noauth", "udp": True, "ip": "127.0.0.1"}}

    @staticmethod
    def configuration(inbound, port, outbound):
        inbound = inbound | {"listen": "127.0.0.1", "port": port}
        return json.dumps({"log": {"loglevel": "error"}, "inbounds": [inbound], "outbounds": [outbound]})
