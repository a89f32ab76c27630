"""Nodes with users of a ledger, and what is asked of them."""

import http.client
import json
import os
import socket
import time
from pathlib import Path

from .peers import METHOD, new_key
from .processes import Failure, free_port, running
from .scenarios import put_load


class AdminConnection(http.client.HTTPConnection):
    """HTTP over the admin socket."""

    def __init__(self, path):
        super().__init__("node", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path, method, target, body=None):
    connection = AdminConnection(path)
    connection.request(method, target, json.dumps(body) if body is not None else None)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status >= 300:
        raise Failure(f"{method} {target}: {content.decode(errors='replace')}")
    return json.loads(content) if content else None


class Node:
    """A `mixed` listener for users with passwords, a direct exit and a ledger on the disk."""

    count = 0

    def __init__(self, causeway, folder, name):
        Node.count += 1
        base = Path(folder) / f"{name}-{Node.count}"
        base.mkdir()
        self.port, self.admin, self.limits = free_port(), str(base / "admin.sock"), {}
        path = base / "node.yaml"
        path.write_text(f"""\
listeners: [{{ name: in, type: mixed, address: "127.0.0.1:{self.port}", users: true, exit: out }}]
exits: [{{ name: out, type: direct, allow: ["127.0.0.0/8"] }}]
ledger: {{ path: {base}/ledger }}
admin: {{ socket: {self.admin} }}
""")
        specification = (f"causeway {name}", causeway.command(path), base / "log", self.port)
        self.context = running([specification])

    def __enter__(self):
        self.process = self.context.__enter__()[0]
        wait_for(self.admin)
        return self

    def __exit__(self, *failure):
        return self.context.__exit__(*failure)

    def add(self, name, quota=None, rate=None):
        """Adds a user whose password is the name."""
        self.limits[name] = rate
        ask(self.admin, "POST", "/v1/users",
            {"name": name, "password": name, "quota": quota, "rate_up": rate, "rate_down": rate})

    def used(self, name):
        return ask(self.admin, "GET", f"/v1/users/{name}")["used"]

    def private(self):
        """KiB that are the process's own, without pages of programs and libraries as they are on the disk."""
        lines = Path(f"/proc/{self.process.id}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Anonymous"))

    def idle_share(self, seconds):
        """CPU time of the process in a while in which nothing is asked of it, as a share of a core."""
        time.sleep(6)  # the node still writes what was added
        before = cpu_seconds(self.process.id)
        time.sleep(seconds)
        return (cpu_seconds(self.process.id) - before) / seconds


def cpu_seconds(process):
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(path):
    deadline = time.monotonic() + 20
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise Failure(f"{path} does not come to be")
        time.sleep(0.02)


def user(number, key=None):
    return {"name": f"user{number}", "keys": [key or new_key()], "quota": 10**15, "cycle": "monthly@1"}


def bulk_add(node, count):
    """Seconds that adding so many users takes."""
    users = [user(number) for number in range(count)]
    begun = time.monotonic()
    ask(node.admin, "POST", "/v1/users", users)
    return time.monotonic() - begun


class pair:
    """A client and an exit: without users, or with so many, of whom the last is the client's."""

    count = 0

    def __init__(self, causeway, folder, users):
        pair.count += 1
        self.causeway, self.users = causeway, users
        self.folder = Path(folder) / f"pair-{pair.count}"
        self.folder.mkdir()
        self.key, self.user_key = new_key(), new_key()
        self.is_filled = False

    def processes(self):
        exit_port, client_port = free_port(), free_port()
        exit_file, client_file = self.folder / "exit.yaml", self.folder / "client.yaml"
        with_users = f"""\
ledger: {{ path: {self.folder}/ledger }}
admin: {{ socket: {self.folder}/admin.sock }}
"""
        exit_file.write_text(f"""\
listeners:
  - {{ name: public, type: tunnel, address: "127.0.0.1:{exit_port}", method: {METHOD}, key: "{self.key}", exit: out{", users: true" if self.users else ""} }}
exits: [{{ name: out, type: direct, allow: ["127.0.0.0/8"] }}]
""" + (with_users if self.users else ""))
        keys = f"{self.key}:{self.user_key}" if self.users else self.key
        client_file.write_text(f"""\
listeners: [{{ name: local, type: mixed, address: "127.0.0.1:{client_port}", exit: abroad }}]
exits: [{{ name: abroad, type: tunnel, server: "127.0.0.1:{exit_port}", method: {METHOD}, keys: "{keys}" }}]
""")
        return [
            ("causeway exit", self.causeway.command(exit_file), self.folder / "exit.log", exit_port),
            ("causeway client", self.causeway.command(client_file), self.folder / "client.log", client_port),
        ]


def load_report(binary, setup, load, seconds):
    """What the load used of the exit."""
    with running(setup.processes()) as processes:
        if setup.users:
            admin = str(setup.folder / "admin.sock")
            wait_for(admin)
            if not setup.is_filled:
                others = [user(number) for number in range(setup.users - 1)]
                ask(admin, "POST", "/v1/users", [*others, user("last", setup.user_key)])
                setup.is_filled = True
        report = put_load(binary, [*load, "--seconds", seconds, "--warmup", 1], processes[-1].port, processes)
        return next(use for use in report["processes"] if use["name"] == "causeway exit")
