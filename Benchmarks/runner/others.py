"""Peers beside sing-box: what people use for one part of what we do."""

import json

from .debian import PackagedPeer


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
