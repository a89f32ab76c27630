"""Relays in the middle: client and exit are ours and the same for all, and only the hop between them differs."""

from pathlib import Path

from .debian import Debian
from .peers import BENCHMARKS, METHOD, SingBox, build, new_key
from .processes import free_port


class Relay:
    """One program in the middle. `is_blind` says that it reads the identity header of a client's chain of two keys;
    the others move whatever comes."""

    name = ""
    shapes = ("relay",)
    #: Whether the short run has it too.
    is_quick = False
    is_blind = False

    def __init__(self, ends):
        self.ends = ends

    def prepare(self):
        """Makes the program, and the ends, ready to run; raises Failure."""
        self.ends.prepare()

    def version(self):
        raise NotImplementedError

    def middle(self, port, exit_port, keys, folder):
        """The command that relays `port` to `exit_port`; `keys` are the relay's and the exit's."""
        raise NotImplementedError

    def processes(self, shape, folder):
        if shape != "relay":
            raise ValueError(shape)
        exit_port, port, client_port = free_port(), free_port(), free_port()
        relay_key, exit_key = new_key(), new_key()
        chain = f"{relay_key}:{exit_key}" if self.is_blind else exit_key
        command = self.middle(port, exit_port, (relay_key, exit_key), Path(folder))
        return [
            self.ends.process("exit", exit_port, self.ends.exit(exit_port, exit_key), folder),
            (f"{self.name} relay", command, Path(folder) / f"{self.name}-relay.log", port),
            self.ends.process("client", client_port, self.ends.client(client_port, port, chain), folder),
        ]

    def written(self, folder, suffix, text):
        path = folder / f"{self.name}-relay{suffix}"
        path.write_text(text)
        return path


class BlindRelay(Relay):
    """Our `relay` listener."""

    name = "causeway"
    is_quick = True
    is_blind = True
    #: What stands above the listeners in its configuration.
    head = ""

    def version(self):
        return self.ends.version()

    def middle(self, port, exit_port, keys, folder):
        text = f"""\
{self.head}listeners:
  - {{ name: in, type: relay, address: "127.0.0.1:{port}", method: {METHOD}, key: "{keys[0]}",
       next: [{{ key: "{keys[1]}", exit: out }}] }}
exits:
  - {{ name: out, type: tunnel, server: "127.0.0.1:{exit_port}" }}
"""
        return self.ends.command(self.written(folder, ".yaml", text))


class SingleLoop(BlindRelay):
    """The same with one event loop, as on a machine with one core, beside nginx as one process."""

    name = "causeway, 1 loop"
    is_quick = False
    head = "loops: 1\n"

    def version(self):
        return "its blind relay with one loop"


class Forward(Relay):
    """Our `forward` listener."""

    name = "causeway forward"

    def version(self):
        return "causeway's forward listener"

    def middle(self, port, exit_port, keys, folder):
        text = f"""\
listeners:
  - {{ name: in, type: forward, address: "127.0.0.1:{port}", target: "127.0.0.1:{exit_port}", exit: out }}
exits:
  - {{ name: out, type: direct, allow: ["127.0.0.0/8"] }}
"""
        return self.ends.command(self.written(folder, ".yaml", text))


class SingBoxRelay(Relay):
    """sing-box's Shadowsocks inbound with a destination."""

    name = "sing-box"
    is_quick = True
    is_blind = True

    def __init__(self, ends):
        super().__init__(ends)
        self.program = SingBox()

    def prepare(self):
        super().prepare()
        self.program.prepare()

    def version(self):
        return self.program.version()

    def middle(self, port, exit_port, keys, folder):
        destination = {"name": "next", "server": "127.0.0.1", "server_port": exit_port, "password": keys[1]}
        inbound = {"type": "shadowsocks", "method": METHOD, "password": keys[0], "destinations": [destination]}
        text = self.program.configuration(inbound, port, {"type": "direct"})
        return self.program.command(self.written(folder, ".json", text))


class SpliceLoop(Relay):
    """The least that a relay can do: Sources/splice-loop."""

    name = "splice loop"
    binary = BENCHMARKS / ".build" / "release" / "splice-loop"

    def prepare(self):
        super().prepare()
        build("splice-loop", seconds=600)

    def version(self):
        return "a bare splice loop"

    def middle(self, port, exit_port, keys, folder):
        return [self.binary, port, exit_port]


class DebianRelay(Debian, Relay):
    """A relay as Debian has it."""


class Nginx(DebianRelay):
    """nginx's stream proxy, which copies: one process, as a second one's time would not be seen. It ends a session where
    one side has said all it had to."""

    name = program = "nginx"
    packages = ["nginx-core", "libnginx-mod-stream"]
    half_close = "off"

    def middle(self, port, exit_port, keys, folder):
        text = f"""\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
stream {{
    server {{ listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{exit_port}; proxy_half_close {self.half_close}; }}
}}
"""
        return [self.binary(), "-e", "stderr", "-c", self.written(folder, ".conf", text)]


class NginxHalfClose(Nginx):
    """The same where each direction ends by itself, as at all the others."""

    name = "nginx, half-close"
    half_close = "on"

    def version(self):
        return "the same with proxy_half_close"


class HAProxy(DebianRelay):
    """HAProxy in TCP mode with splicing; as many threads as it likes."""

    name = "HAProxy"
    program = "haproxy"
    packages = ["haproxy"]

    def middle(self, port, exit_port, keys, folder):
        text = f"""\
global
    maxconn 4000
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    option splice-request
    option splice-response
listen in
    bind 127.0.0.1:{port}
    server out 127.0.0.1:{exit_port}
"""
        return [self.binary(), "-db", "-f", self.written(folder, ".cfg", text)]


def relays(causeway):
    """All of them, ours first."""
    kinds = [BlindRelay, SingleLoop, Forward, SingBoxRelay, SpliceLoop, HAProxy, Nginx, NginxHalfClose]
    return [kind(causeway) for kind in kinds]
