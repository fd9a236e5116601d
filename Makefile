# Everything here may be run again at any time. Needs Debian 12 (or newer), git, make, root.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Node alone, not all of node_modules/.bin: a package there brings another `nft`.
export PATH := $(CURDIR)/node_modules/node/bin:$(CURDIR)/.cluster/bin:$(PATH)

.PHONY: help demo demo-pitr demo-restore demo-down test check unit e2e soak cluster images bench down clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## a shop under load, backed up to a volume and to S3, on a Kubernetes of this machine
	@hack/bootstrap
	@hack/cluster up
	@hack/images/build
	@hack/demo/up

demo-pitr: ## a table of the demo is dropped by mistake, and comes back from one second before
	@hack/demo/pitr

demo-restore: ## the demo's database goes back a minute, in place, by one applied file; then that is undone
	@hack/demo/restore

demo-down: ## takes the demo away, and leaves the cluster
	@hack/demo/down

test: ## everything that CI runs; the last line is `N passed, N failed`
	@hack/bootstrap node cluster test || { echo '0 passed, 1 failed'; exit 1; }
	@node hack/test.ts check unit cluster-up images cluster demo e2e

check: ## linter, formatter, types, generated files, shell scripts
	@hack/bootstrap
	@hack/check

unit: ## tests that need no cluster
	@hack/bootstrap node cluster test
	@node hack/test.ts unit

e2e: ## tests on the cluster: the API, then whole backups and restores
	@hack/bootstrap node cluster test
	@node hack/test.ts cluster-up images cluster demo e2e

soak: ## random tests, fifty times as long as usual (ROUNDS=1000), and every fault in every phase (FAULT= PHASE= run a part)
	@hack/bootstrap node cluster test
	@ROUNDS='$(ROUNDS)' FAULT='$(FAULT)' PHASE='$(PHASE)' node hack/test.ts $(if $(FAULT)$(PHASE),,soak) cluster-up images demo matrix

cluster: ## brings Kubernetes up on this machine, or heals it
	@hack/bootstrap
	@hack/cluster up

images: ## builds what changed and puts it into the local registry
	@hack/images/build

bench: ## measures against others: a table, and one line of JSON. WORK=full
	@hack/bootstrap
	@WORK='$(WORK)' node bench/run.ts

down: ## brings Kubernetes down; images and programs stay in the cache
	@hack/cluster down

clean: ## brings Kubernetes down, removes all that was made here (the demo's keys too), and old images
	@hack/clean
