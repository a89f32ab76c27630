# Included by the main Makefile. What is measured, and how: Documentation/Performance.md.

.PHONY: bench bench-quick

bench: ## measure next to sing-box (under 20 minutes)
	Benchmarks/run

bench-quick: ## the same, shorter (under 3 minutes)
	Benchmarks/run --quick
