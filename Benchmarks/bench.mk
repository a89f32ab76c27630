# Included by the main Makefile. What is measured, and how: Documentation/Performance.md.

.PHONY: bench bench-quick

bench: ## measure next to sing-box, and relays next to more (under 40 minutes)
	Benchmarks/run

bench-quick: ## the same, shorter (under 8 minutes)
	Benchmarks/run --quick
