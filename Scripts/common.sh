# shellcheck shell=bash
# What the scripts share; sourced, never run. Each script starts in the root of the repository.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Ends the script with one sentence.
fail() {
    echo "causeway: $*" >&2
    exit 1
}

say() {
    echo "== $*"
}

require_swift() {
    command -v swift >/dev/null || fail "no Swift toolchain in PATH; install Swift 6.3 from https://swift.org/install"
}
