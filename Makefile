# Everything is in Scripts/; this file gives it names.

.PHONY: build run test test-deb test-sanitized test-link test-kernels bpf torture lint format fuzz clean deb install
.PHONY: uninstall

build:
	@Scripts/packages build
	swift build -c release --product causeway

# Client, entry and two exits on loopback, real requests through them, a failover, and there until Ctrl-C.
run:
	@Scripts/run

test:
	@Scripts/test

test-sanitized:
	@Scripts/test-sanitized

# A node killed a thousand times under full load, and its bill; a hundred reloads of client and exit under 2,000 sessions
# and those that come all the time, and twenty hand-overs of each. What they count is printed.
torture:
	@Scripts/packages test
	CAUSEWAY_KILLS=1000 swift test --filter KillTests
	CAUSEWAY_SESSIONS=2000 CAUSEWAY_RELOADS=100 swift test --filter 'nobody.notices.a.reload'
	CAUSEWAY_SESSIONS=1000 swift test --filter 'nobody.notices.a.hand.over'

# Congestion controls over a long link that loses, in network namespaces, with longer downloads than in make test; as root.
test-link:
	@Scripts/packages test
	CAUSEWAY_LINK_SECONDS=$${CAUSEWAY_LINK_SECONDS:-20} swift test --filter 'LinkTests.*BrutalTests'

# Brutal on other kernels, in an emulator.
test-kernels:
	@Scripts/test-kernels

# The object of BPF/brutal.bpf.c, which is committed.
bpf:
	@Scripts/bpf

# A Debian package for machines without Swift, in .build-deb/.
deb:
	@Scripts/deb

# That package in a Debian of its own, under systemd: installed, started, reloaded, stopped and purged. Wants root.
test-deb: deb
	@Scripts/test-deb

# The program and what belongs to it, below PREFIX (/usr/local), or below DESTDIR for packagers.
install:
	@Scripts/install

uninstall:
	@Scripts/install --uninstall

lint:
	@Scripts/lint

format:
	@git ls-files -z --cached --others --exclude-standard '*.swift' | xargs -0 swift format format --in-place --parallel

fuzz:
	@Scripts/fuzz

clean:
	rm -rf .build .build-asan .build-deb .build-static .build-tsan .run .tools

-include Benchmarks/bench.mk
