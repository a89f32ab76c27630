"""What is measured: each scenario is a shape of processes, a load, and the figures taken from its report."""

import json
import subprocess
from dataclasses import dataclass, field

from .processes import Failure, prepare_child


@dataclass
class Beside:
    """A bound for the ratio of one of our columns to that of a peer."""

    peer: str
    bound: float
    ours: str = "causeway"


@dataclass
class Figure:
    """One row of the table. `goal` bounds the ratio causeway / sing-box, `beside` those to others; `more` says that more
    is better."""

    label: str
    unit: str
    take: object
    more: bool = False
    goal: float | None = None
    beside: list = field(default_factory=list)


@dataclass
class Scenario:
    name: str
    title: str
    shape: str
    arguments: list
    figures: list = field(default_factory=list)
    #: Without a proxy, for the record of what the machine and the generator can do.
    direct: bool = True
    #: Whether the short run has it too.
    is_quick: bool = True


def use(process, key):
    """A figure of one process, by the last word of its name."""
    return lambda report: next(u[key] for u in report["processes"] if u["name"].split()[-1] == process)


def total(key):
    return lambda report: sum(u[key] for u in report["processes"]) if report["processes"] else None


def memory(process, moment, key):
    return lambda report: use(process, moment)(report)[key] / 1024


PER_GIB, PER_CONNECTION = "cpuSecondsPerGiB", "cpuMicrosecondsPerConnection"
PER_ROUND_TRIP, PER_DATAGRAM = "cpuMicrosecondsPerRoundTrip", "cpuMicrosecondsPerDatagram"


def bulk_figures(roles, rate_goal, cost_goal):
    each = [Figure(f"CPU, {role}", "s/GiB", use(role, PER_GIB)) for role in roles if len(roles) > 1]
    rate = Figure("rate", "Gbit/s", lambda report: report["gigabitsPerSecond"], more=True, goal=rate_goal)
    return [rate, *each, Figure("CPU, all processes", "s/GiB", total(PER_GIB), goal=cost_goal)]


def short_figures(roles, rate_goal, cost_goal, tail_goal, beside):
    latency = lambda key: lambda report: report["latencyMilliseconds"][key]
    each = [Figure(f"CPU, {role}", "µs/conn", use(role, PER_CONNECTION)) for role in roles if len(roles) > 1]
    return [
        Figure("rate", "conn/s", lambda report: report["connectionsPerSecond"], more=True, goal=rate_goal),
        *each,
        Figure("CPU, all processes", "µs/conn", total(PER_CONNECTION), goal=cost_goal, beside=beside),
        Figure("latency, p50", "ms", latency("p50")),
        Figure("latency, p99", "ms", latency("p99"), goal=tail_goal),
    ]


def latency_figures():
    latency = lambda key: lambda report: report["latencyMilliseconds"][key]
    return [
        Figure("rate", "conn/s", lambda report: report["connectionsPerSecond"], more=True),
        *[Figure(f"latency, {key}", "ms", latency(key)) for key in ("p50", "p90", "p99", "longest")],
    ]


def round_trip_figures(roles):
    latency = lambda key: lambda report: report["latencyMilliseconds"][key]
    return [
        Figure("rate", "trips/s", lambda report: report["roundTripsPerSecond"], more=True),
        *[Figure(f"CPU, {role}", "µs/trip", use(role, PER_ROUND_TRIP)) for role in roles],
        Figure("CPU, all processes", "µs/trip", total(PER_ROUND_TRIP), goal=0.4),
        Figure("latency, p50", "ms", latency("p50")),
        Figure("latency, p99", "ms", latency("p99")),
        Figure("lost", "datagrams", lambda report: report["roundTrips"]["lost"]),
    ]


def stream_figures():
    return [
        Figure("lost, up", "%", lambda report: report["up"]["lossPercent"]),
        Figure("lost, down", "%", lambda report: report["down"]["lossPercent"]),
        Figure("CPU, all processes", "µs/datagram", total(PER_DATAGRAM)),
    ]


def relay_bulk_figures():
    return [
        Figure("rate of the whole chain", "Gbit/s", lambda report: report["gigabitsPerSecond"], more=True),
        Figure("CPU, relay", "s/GiB", use("relay", PER_GIB), goal=1.0),
    ]


def relay_short_figures():
    return [
        Figure("rate of the whole chain", "conn/s", lambda report: report["connectionsPerSecond"], more=True),
        Figure("CPU, relay", "µs/conn", use("relay", PER_CONNECTION), beside=[Beside("nginx", 1.0, "causeway, 1 loop")]),
    ]


def idle_figures(roles, sessions):
    figures = []
    for role in roles:
        figures += [
            Figure(f"{role}: private, no session", "MiB", memory(role, "before", "privateKiB")),
            Figure(f"{role}: resident, no session", "MiB", memory(role, "before", "residentKiB")),
            Figure(f"{role}: resident, {sessions}", "MiB", memory(role, "after", "residentKiB")),
            Figure(f"{role}: private per session", "bytes", use(role, "privateBytesPerSession")),
        ]
    return figures


def scenarios(seconds, warmup, sessions, settle):
    """The scenarios, with the goals of the project where it has set any."""
    timed = ["--seconds", seconds, "--warmup", warmup]
    idle = ["idle", "--sessions", sessions, "--settle", settle]
    pair = ["client", "exit"]
    return [
        Scenario("bulk-down", "client + exit, bulk down, 1 stream", "tunnel",
                 ["bulk", "--direction", "down", *timed], bulk_figures(pair, 1.5, 0.55)),
        Scenario("bulk-up", "client + exit, bulk up, 1 stream", "tunnel",
                 ["bulk", "--direction", "up", *timed], bulk_figures(pair, 1.5, 0.55)),
        Scenario("bulk-down-8", "client + exit, bulk down, 8 streams", "tunnel",
                 ["bulk", "--direction", "down", "--streams", 8, *timed], bulk_figures(pair, None, 0.55), is_quick=False),
        Scenario("short", "client + exit, short connections, 64 at once, 64 bytes each way", "tunnel",
                 ["short", *timed], short_figures(pair, 3.0, 0.3, 0.35, [Beside("shadowsocks-libev", 0.8)])),
        Scenario("loaded", "client + exit, 8 short connections at once beside 4 downloads: latency under load", "tunnel",
                 ["short", "--at-once", 8, "--bulk", 4, *timed], latency_figures(), is_quick=False),
        Scenario("udp-64", "client + exit, UDP round trips of 64 bytes, 16 associations", "tunnel",
                 ["udp", "--size", 64, *timed], round_trip_figures(pair)),
        Scenario("udp-1200", "client + exit, UDP round trips of 1,200 bytes, 16 associations", "tunnel",
                 ["udp", "--size", 1200, *timed], round_trip_figures(pair), is_quick=False),
        Scenario("udp-stream", "client + exit, a UDP stream of 200 Mbit/s to an echo and back", "tunnel",
                 ["udp-stream", *timed], stream_figures(), is_quick=False),
        Scenario("idle", f"client + exit, {sessions} idle sessions", "tunnel",
                 idle, idle_figures(pair, sessions), direct=False),
        Scenario("relay-bulk", "client + relay + exit, bulk down, 1 stream: the relay alone", "relay",
                 ["bulk", "--direction", "down", *timed], relay_bulk_figures(), direct=False),
        Scenario("relay-short", "client + relay + exit, short connections: the relay alone", "relay",
                 ["short", *timed], relay_short_figures(), direct=False),
        Scenario("direct-bulk-down", "mixed listener, direct exit, bulk down, 1 stream", "direct",
                 ["bulk", "--direction", "down", *timed], bulk_figures(["proxy"], None, 1.0), direct=False,
                 is_quick=False),
        Scenario("direct-short", "mixed listener, direct exit, short connections", "direct",
                 ["short", *timed], short_figures(["proxy"], None, 0.5, None, []), direct=False, is_quick=False),
    ]


def named(known, names):
    """Those of the scenarios that are asked for, in their own order; Failure for a name that there is not."""
    there = [scenario.name for scenario in known]
    for name in names:
        if name not in there:
            raise Failure(f"there is no scenario '{name}'; there are {', '.join(there)}")
    return [scenario for scenario in known if scenario.name in names]


def put_load(binary, arguments, socks_port, processes):
    """Runs the load generator once and gives its report. A load that did not run as meant is a failure, no figure."""
    command = [binary, *arguments, "--json"]
    if socks_port is not None:
        command += ["--socks", f"127.0.0.1:{socks_port}"]
    for process in processes:
        command += ["--process", f"{process.name}={process.id}"]
    command = [str(part) for part in command]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=180, preexec_fn=prepare_child)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"the load did not end: {' '.join(command)}") from error
    for process in processes:
        process.check_alive()
    if result.returncode != 0:
        raise Failure(f"the load failed: {' '.join(command)}\n{result.stdout}{result.stderr}".rstrip())
    return json.loads(result.stdout)
