# The README's commands. Everything builds in release mode into .build, so that one build serves `up`, `demo` and `test`.
SWIFT_FLAGS := -c release --explicit-target-dependency-import-check error
SLUICE := .build/release/sluice
# SwiftPM tells of a stray file in a dependency at every build; nobody here can mend it.
SHELL := /bin/bash
QUIETER := 2> >(grep -v -e 'unhandled; explicitly declare' -e 'CMakeLists.txt' >&2)
DATA ?= $(CURDIR)/.sluice
LISTEN ?= 127.0.0.1:7443
FLEET ?= rack40

.PHONY: help setup build up demo test check bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: ## install what is missing, by package name
	@./scripts/setup

build: setup ## build everything in release mode
	@swift build $(SWIFT_FLAGS) --product sluice $(QUIETER)

up: build ## start Sluice with a simulated rack of 40 servers; Ctrl-C stops it
	@exec $(SLUICE) up --data $(DATA) --listen $(LISTEN) --fleet $(FLEET)

demo: build ## watch a mixed demand draw hosts from the pool and give them back
	@exec $(SLUICE) demo

test: setup ## build and pass all tests
	@swift build $(SWIFT_FLAGS) --build-tests $(QUIETER)
	@SWIFT_DETERMINISTIC_HASHING=1 swift test $(SWIFT_FLAGS) --skip-build

check: ## formatter and house rules alone, in seconds
	@swift format lint --strict --configuration .swift-format -r Sources Tests Package.swift
	@./scripts/tidy

bench: build ## measure, and compare with the named baselines
	@swift build $(SWIFT_FLAGS) --product sluice-bench $(QUIETER)
	@exec .build/release/sluice-bench

clean: ## remove build products
	@rm -rf .build
