"""Where a process spends its time: the samples of perf(1), put into groups that say something, and what they cost."""

import re
import shutil
import subprocess
from collections import Counter, defaultdict
from statistics import median

from .processes import Failure
from .table import number

#: Samples per second: often enough for a few seconds, and no multiple of what timers do.
FREQUENCY = 1999
CIPHERS = ("libIPSec_MB", "libcrypto", "libsodium")
FRAME = re.compile(r"^\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \((.*)\)$")
#: What the kernel calls its entries; those of reading and writing are found by the names behind them.
SYSTEM_CALL = re.compile(r"^(?:__(?:x64|arm64|do|se)_sys_|ksys_|do_(?=readv|writev))(\w+)$")


def perf():
    """The program that Debian's kernel tools bring."""
    found = shutil.which("perf")
    if found is None:
        raise Failure("perf is not installed (Debian: linux-perf)")
    return found


class Recording:
    """Samples one process until it is ended."""

    def __init__(self, process, folder):
        self.name = process.name
        self.data = folder / f"{process.id}.perf"
        command = [perf(), "record", "-q", "-g", "-F", str(FREQUENCY), "-p", str(process.id), "-o", str(self.data)]
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def end(self):
        self.child.terminate()
        try:
            _, errors = self.child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise Failure("perf did not end") from None
        if not self.data.exists():
            raise Failure(f"perf recorded nothing: {errors.decode(errors='replace').strip()}")

    def groups(self):
        """The share of the samples by group, the largest first."""
        command = [perf(), "script", "-i", str(self.data), "-F", "ip,sym,dso"]
        try:
            output = subprocess.run(command, capture_output=True, text=True, timeout=120, errors="replace").stdout
        except subprocess.TimeoutExpired as error:
            raise Failure("perf script did not end") from error
        stacks = [[FRAME.match(line) for line in sample.splitlines()] for sample in output.split("\n\n")]
        counts = Counter(group([frame.groups() for frame in stack if frame]) for stack in stacks if any(stack))
        total = sum(counts.values())
        if total == 0:
            raise Failure(f"perf saw nothing of {self.name}")
        return [(name, count / total) for name, count in counts.most_common()]


def group(stack):
    """What a sample counts for. `stack` holds symbol and object of each frame, the innermost first."""
    symbol, where = stack[0]
    if where.startswith("[kernel") or where.startswith("[unknown]"):
        for name, _ in reversed(stack):
            if call := SYSTEM_CALL.match(name):
                return f"kernel: {call[1]}"
        return "kernel: else"
    if where.startswith("[vdso"):
        return "clock"
    if any(library in where for library in CIPHERS):
        return "AEAD"
    if symbol.startswith("CCryptoBoringSSL_"):
        return "AEAD"
    if "libc.so" in where or "libpthread" in where:
        return "C library"
    if symbol.startswith(("swift_", "_swift_", "swift::", "_ZN5swift")):
        return "Swift runtime"
    return "the program's own code"


class Profile:
    """What several processes spend on each group, in the unit of the scenario's CPU figure: the medians of the rounds."""

    SUMS = {
        "kernel, all of it": lambda name: name.startswith("kernel: "),
        "own code, runtime and C library": lambda name: name in (
            "the program's own code", "Swift runtime", "C library", "clock"),
    }

    def __init__(self):
        self.unit = ""
        #: Of each process, of each group, one number a round.
        self.costs = defaultdict(lambda: defaultdict(list))
        self.rounds = Counter()

    def add(self, recording, report, scenario):
        """Takes in what was recorded of a process while the load gave `report`."""
        figure = self.figure(recording, scenario)
        self.unit = figure.unit
        whole = figure.take(report)
        costs = self.costs[recording.name]
        self.rounds[recording.name] += 1
        costs["all"].append(whole)
        shares = dict(recording.groups())
        for name, share in shares.items():
            costs[name].append(whole * share)
        for name, belongs in self.SUMS.items():
            costs[name].append(whole * sum(share for group, share in shares.items() if belongs(group)))

    @staticmethod
    def figure(recording, scenario):
        """The CPU figure of the process."""
        role = recording.name.split()[-1]
        return next(figure for figure in scenario.figures if figure.label == f"CPU, {role}")

    @staticmethod
    def suits(scenario):
        """Whether the scenario has a figure for each process that is watched."""
        roles = ("relay",) if scenario.shape == "relay" else ("client", "exit")
        return {f"CPU, {role}" for role in roles} <= {figure.label for figure in scenario.figures}

    def cost(self, process, name):
        """A group that a round has no sample of cost nothing in it."""
        taken = self.costs[process].get(name, [])
        return median(taken + [0] * (self.rounds[process] - len(taken)))

    def text(self):
        """A table with a row for each group and a column for each process, the dearest group first."""
        processes = list(self.costs)
        names = {name for process in processes for name in self.costs[process]}
        dearest = lambda name: max(self.cost(process, name) / self.cost(process, "all") for process in processes)
        rows = ["all", *self.SUMS, *sorted(names - {"all", *self.SUMS}, key=dearest, reverse=True)]
        lines = [[f"CPU, {self.unit}", *processes]]
        for name in rows:
            if dearest(name) < 0.01:
                continue
            costs = [self.cost(process, name) for process in processes]
            shares = [cost / self.cost(process, "all") for cost, process in zip(costs, processes)]
            lines.append([name, *(f"{number(cost or None)}  {share:6.1%}" for cost, share in zip(costs, shares))])
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        return "\n".join(
            "  " + "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))])
            for line in lines
        )
