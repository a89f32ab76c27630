# Included by the main Makefile. What is measured, and how: Documentation/Performance.md.

.PHONY: bench bench-quick

bench: ## measure next to sing-box, and relays next to more (under 20 minutes)
	Benchmarks/run

bench-quick: ## less of it, and shorter (under 3 minutes)
	Benchmarks/run --quick

.PHONY: bench-plans
bench-plans: ## what users, plans and quotas cost and how well they hold (under five minutes)
	Benchmarks/plans

.PHONY: bench-profile
bench-profile: ## where causeway spends its time, with perf (under two minutes)
	Benchmarks/profile
