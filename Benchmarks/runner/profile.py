"""Where a process spends its time: the samples of perf(1), put into groups that say something."""

import re
import shutil
import subprocess
from collections import Counter

from .processes import Failure

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
