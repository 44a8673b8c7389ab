# caisse: everything a person types. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt unit mutants doc short-simulation simulate chaos bench install preflight

SEEDS ?= 1000
MINUTES ?= 10
TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## lists what can be typed
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

demo: preflight ## builds caisse and plays three caisses on this machine, from charter to settlement
	cargo build --locked --bin caisse
	$(TARGET)/debug/caisse demo

test: preflight lint unit mutants doc short-simulation ## everything: format, lints, all tests, documentation, demo, a short simulation
	$(TARGET)/debug/caisse demo
	@echo "make test: all passed"

lint: preflight ## checks format and lints, warnings denied
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked -p simulations --features mutants --all-targets -- -D warnings

fmt: ## formats the code
	cargo fmt --all

unit: preflight
	cargo build --locked --workspace --bins
	cargo test --locked --workspace

mutants: preflight ## shows that each wrong version of the protocol is caught
	cargo test --locked -p simulations --features mutants -- --nocapture

doc: preflight ## builds the documentation of the code
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

short-simulation: preflight
	cargo run --locked -p simulations --bin simulate -- --seeds 40

simulate: preflight ## many seeded worlds of the real machine: make simulate SEEDS=1000
	cargo run --locked --release -p simulations --bin simulate -- --seeds $(SEEDS)

chaos: preflight ## ten minutes of kills, cuts and losses for five real nodes: make chaos MINUTES=10 (root for the cuts)
	cargo build --locked --workspace --bins
	CAISSE_CHAOS_SECONDS=$$(( $(MINUTES) * 60 )) CAISSE_CHAOS_SEED=$(or $(SEED),$$(date +%s)) \
		cargo test --locked -p tests --test chaos -- --nocapture

bench: preflight ## measures; prints a table and writes bench.json
	cargo build --locked --release --workspace --bins
	$(TARGET)/release/bench --out bench.json

install: preflight ## puts the binary `caisse` into cargo's bin folder
	cargo install --locked --path cli

# Says what is missing and how to get it; installs it where that needs no question (root on Debian).
preflight:
	@command -v cargo >/dev/null || { echo "missing: Rust. Get it from https://rustup.rs, then type the same again." >&2; exit 1; }
	@command -v cc >/dev/null || { echo "missing: a C toolchain. On Debian: apt-get install build-essential" >&2; exit 1; }
	@bash .ci/tools '$(MAKECMDGOALS)'
