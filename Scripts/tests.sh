# shellcheck shell=bash
# How lint, test and test-sanitized build the tests: once, with AddressSanitizer and with warnings of ours as errors, as
# from a clean clone building is most of what they do. Sourced after common.sh, never run.

tests=(--sanitize address --scratch-path .build-asan)

build_tests() {
    CAUSEWAY_WARNINGS=error swift build --build-tests "${tests[@]}"
}

# What swift test leaves out for the unit tests alone.
unit=(--skip '^(EndToEnd|Interop|Link)Tests\.')

# end_to_end OPTION...: the end-to-end tests of the build with these options.
end_to_end() {
    Scripts/end-to-end "$(swift build "$@" --show-bin-path)/causewayPackageTests.xctest"
}

# A finding ends a process with a status of its own. The test process leaks by itself: XCTest its empty suite, and unit
# tests what their own closures hold in circles; so leaks are looked for in the nodes that it starts.
export ASAN_OPTIONS="exitcode=66:detect_leaks=0"
export CAUSEWAY_NODE_ASAN_OPTIONS="exitcode=66:detect_leaks=1"
