# The ways to build, run, prove and install the server: `make help` lists them. Plain `make` builds host and plugins into build/.
# Each target does its own set-up (Scripts/setup) and no recipe holds an absolute path. GNU make; parallel-safe (`make -j2`).

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
OUT := build

# The Swift library is linked in, so that the binary runs where no toolchain is. Overlapping accesses are checked in debug
# builds, which the tests use, and cost some per cent here.
RELEASE := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked

# Where the whole tree is looked over: formatting, arrows, forbidden words.
SWIFT_TREE := Package.swift Sources PluginsSrc Tests

.DEFAULT_GOAL := all
.PHONY: all host plugins share install run test check format bench fuzz soak golden clean help setup setup-test

all: host plugins share ## host and plugins, into build/

setup:
	@Scripts/setup build
setup-test:
	@Scripts/setup test

host: | setup
	$(SWIFT) build $(RELEASE) --product haraka
	@mkdir -p $(OUT)/bin $(OUT)/include/haraka
	install -m 755 "$$($(SWIFT) build $(RELEASE) --show-bin-path)/haraka" $(OUT)/bin/haraka
	install -m 644 Sources/HarakaPluginABI/include/haraka/plugin.h Sources/HarakaPluginABI/include/haraka/plugin.hpp \
		$(OUT)/include/haraka/

# Embedded Swift, in a scratch folder of its own.
plugins: | setup
	Scripts/build-plugins $(OUT)/lib/haraka/plugins

share:
	Scripts/share $(OUT)/share/haraka

install: all ## PREFIX=/usr/local DESTDIR=
	install -d "$(DESTDIR)$(PREFIX)"
	cp -R $(OUT)/bin $(OUT)/lib $(OUT)/include $(OUT)/share "$(DESTDIR)$(PREFIX)/"

run: all ## a server on port 2525 that delivers into Maildirs under build/run
	Scripts/run $(OUT)

# Unit tests and transcripts find the real binary and plugins through HARAKA_BUILD; foreign clients come after them.
test: export HARAKA_BUILD := $(abspath $(OUT))
test: setup-test all ## everything that proves it: unit tests, foreign clients, checks
	Scripts/build-tests
	Scripts/test-unit
	Scripts/test-foreign
	Scripts/check

check: setup-test ## formatting, arrows, warnings, header matrix, ABI layout, documentation
	Scripts/check

format: ## rewrites Swift files in the house style
	$(SWIFT) format format --in-place --parallel --recursive $(SWIFT_TREE)

bench: setup-test all ## messages per second and CPU per message, beside smtp-sink
	Scripts/bench $(OUT)

soak: setup-test all ## reloads under load, again and again; ROUNDS=200
	HARAKA_BUILD=$(abspath $(OUT)) Scripts/soak

golden: setup-test all ## builds the golden plugins anew; only while the contract is 0.x
	Tests/ABITests/Golden/build

fuzz: setup ## the parsers under libFuzzer and the address sanitizer; SECONDS_EACH=60
	Scripts/fuzz

clean: ## everything that was built, scratch folders too
	rm -rf $(OUT) .build .build-*

help:
	@sed -n 's/^\([a-z][a-z]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile
