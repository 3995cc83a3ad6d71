# Every task a person does in this house. `make help` lists them.
#
# Results go to build/ only. SAN=1 builds the same things a second time under
# AddressSanitizer and UndefinedBehaviorSanitizer, in build/san/.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

VERSION := $(shell cat VERSION)

# --- Set-up ---------------------------------------------------------------
# A stamp says that a set of packages was found complete. Its name carries the
# hash of the script, so that a changed list is checked again; and it is older
# than dpkg's data base once a package came or went, which costs one quick
# look and no call of apt.

DEPS := infra/setup/deps
DEPS_HASH := $(shell cat $(DEPS) infra/setup/*.sh 2>/dev/null | sha256sum | cut -c1-12)
stamp = build/setup/$(1)-$(DEPS_HASH)

build/setup/%-$(DEPS_HASH): $(wildcard /var/lib/dpkg/status)
	@$(DEPS) $*
	@mkdir -p $(@D) && touch $@

# --- Where things go ------------------------------------------------------

ifdef SAN
B := build/san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DJSON_BY_MALLOC=1
LINK_MODE :=
else
B := build
SAN_FLAGS :=
# libnl can look up protocol names, which glibc does not link statically; the
# linker warns of it in every program, though none of ours asks for it.
LINK_MODE := -static-pie -Wl,--no-warnings,-z,relro,-z,now,-z,noexecstack
endif

CC := gcc
CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -fPIE \
	-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
	-DTWINBOX_VERSION='"$(VERSION)"' -Ic $(SAN_FLAGS)
LDFLAGS := $(SAN_FLAGS)

# Asked for when the first program is linked, not when make starts: on a fresh
# machine pkg-config and the libraries arrive with the set-up.
PC_MODULES := libnl-route-3.0 libnl-3.0 jansson libcap
PC_CFLAGS = $(eval PC_CFLAGS := $(shell pkg-config --cflags $(PC_MODULES)))$(PC_CFLAGS)
PC_LIBS = $(eval PC_LIBS := $(shell pkg-config --static --libs $(PC_MODULES)))$(PC_LIBS)
GO = $(eval GO := $(shell infra/setup/find-go))$(GO)

# --- Sources --------------------------------------------------------------

LIB_SRC := $(filter-out c/main.c,$(wildcard c/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o)
CMP_SRC := $(wildcard compare/*.c)
CMP_OBJ := $(CMP_SRC:%.c=$(B)/obj/%.o)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
UNIT_CMP_BIN := $(filter $(B)/unit/test_compare_%,$(UNIT_BIN))
UNIT_LIB_BIN := $(filter-out $(UNIT_CMP_BIN),$(UNIT_BIN))
GO_SRC := $(shell find go -path go/bridge -prune -o \( -name '*.go' -o -name '*.s' -o -name go.mod \
	-o -name '*.json' -o -path 'go/starter/*.md' \) -print 2>/dev/null)
BRIDGE_SRC := $(wildcard go/bridge/*.go go/bridge/*.[ch])

LIBCBOX := $(B)/lib/libcbox.a
PROGRAMS := $(if $(wildcard c/main.c),$(B)/bin/cbox) \
	$(if $(wildcard compare/main.c),$(B)/bin/compare)
ifndef SAN
PROGRAMS += $(if $(wildcard go/cmd/gobox/*.go),$(B)/bin/gobox)
PROGRAMS += $(if $(wildcard go/cmd/gobox/bridge.go),$(B)/bin/gobox-bridge)
endif

# --- Build ----------------------------------------------------------------

.PHONY: build
build: $(PROGRAMS) ## build cbox, gobox and compare into build/bin (SAN=1: build/san/bin)

$(B)/obj/%.o: %.c Makefile VERSION | $(call stamp,build)
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(CFLAGS) $(PC_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/compare/%.o $(B)/obj/tests/unit/%.o: CFLAGS += -Icompare

# What the assembler reads in (.incbin) is no header that -MMD would see.
$(B)/obj/compare/embed.o: shared/facts.json shared/differences.json shared/syscalls.json \
	shared/sysprocattr.json compare/report.html $(wildcard compare/report/*)

$(B)/obj/c/init.o: $(wildcard go/starter/*)

$(LIBCBOX): $(LIB_OBJ)
	@mkdir -p $(@D)
	@echo "  ar    $@"
	@rm -f $@ && ar rcs $@ $(LIB_OBJ)

$(B)/bin/cbox: $(B)/obj/c/main.o $(LIBCBOX)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) $(LINK_MODE) -o $@ $< $(LIBCBOX) $(PC_LIBS) -lpthread -lm

$(B)/bin/compare: $(CMP_OBJ) $(LIBCBOX)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) $(LINK_MODE) -o $@ $(CMP_OBJ) $(LIBCBOX) $(PC_LIBS) -lpthread -lm

# Nothing but the standard library and no cgo: the module proxy, another
# toolchain and a C compiler are never asked for.
$(B)/bin/gobox: $(GO_SRC) Makefile VERSION | $(call stamp,build)
	@mkdir -p $(@D)
	@echo "  go    $@"
	@cd go && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPROXY=off \
		$(GO) build -trimpath -ldflags '-X gobox.Version=$(VERSION)' \
		-o $(CURDIR)/$@ ./cmd/gobox

# The same main with cgo and libcbox. Go's build cache sees neither libcbox.a nor the headers of c/;
# a macro that names their state makes them a part of what it compiles, and a program that is not
# there is linked, however little has changed. Static, as cbox is: in a joined
# mount namespace the second self would find no libraries.
BRIDGE_STATE = $(shell cat $(sort $(wildcard c/*.[ch])) Makefile | sha256sum | cut -c1-12)
BRIDGE_ENV = CGO_ENABLED=1 GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPROXY=off CC=$(CC) \
	CGO_CFLAGS='-O2 -g -DLIBCBOX_STATE=0x$(BRIDGE_STATE)'
BRIDGE_LINK = -linkmode external -extldflags "-static -Wl,--no-warnings,-z,relro,-z,now,-z,noexecstack"

build/bin/gobox-bridge: $(GO_SRC) $(BRIDGE_SRC) $(LIBCBOX) Makefile VERSION
	@mkdir -p $(@D) && rm -f $@
	@echo "  go    $@"
	@cd go && $(BRIDGE_ENV) $(GO) build -trimpath \
		-ldflags '-X gobox.Version=$(VERSION) $(BRIDGE_LINK)' \
		-o $(CURDIR)/$@ ./cmd/gobox

# --- The examples of `compare map` ----------------------------------------
# Each entry of shared/sysprocattr.json is one Go and one C program. A Go file
# stands alone (`//go:build ignore`): it belongs to no module. One that needs a
# newer Go than this is left out, and the map says so.

MAP := build/sysprocattr
MAP_PROGRAMS := $(patsubst shared/sysprocattr/%.go,$(MAP)/go/%,$(wildcard shared/sysprocattr/*.go)) \
	$(patsubst shared/sysprocattr/%.c,$(MAP)/c/%,$(wildcard shared/sysprocattr/*.c))

.PHONY: map-programs
map-programs: $(MAP_PROGRAMS) $(MAP)/fields

# The fields that the Go in use has, for the tests.
$(MAP)/fields: tests/map/fields.go $(MAP)/go/version
	@echo "  go    $<"
	@CGO_ENABLED=0 GOTOOLCHAIN=local GO111MODULE=off $(GO) build -o $@ $<

$(MAP)/c/%: shared/sysprocattr/%.c Makefile | $(call stamp,build)
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -o $@ $<

$(MAP)/go/%: shared/sysprocattr/%.go $(MAP)/go/version
	@echo "  go    $<"
	@CGO_ENABLED=0 GOTOOLCHAIN=local GO111MODULE=off $(GO) build -o $@ $< || \
		build/bin/compare map --newer $*

# Another Go builds them again.
$(MAP)/go/version: FORCE | $(call stamp,build)
	@mkdir -p $(@D)
	@$(GO) env GOVERSION | cmp -s - $@ || $(GO) env GOVERSION >$@

.PHONY: FORCE
FORCE:

# --- The experiments of shared/why-c.md -------------------------------------
# The same calls from Go, from C, and from C inside of a Go program.

WHY := build/why-c
WHY_PROGRAMS := $(WHY)/join-go $(WHY)/join-c $(WHY)/before-go

$(WHY)/join-c: shared/why-c/join.c Makefile | $(call stamp,build)
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o $@ $< -lpthread

$(WHY)/join-go: CGO := 0
$(WHY)/before-go: CGO := 1
$(WHY)/%-go: shared/why-c/%.go Makefile | $(call stamp,build)
	@mkdir -p $(@D)
	@echo "  go    $<"
	@CGO_ENABLED=$(CGO) CC=$(CC) GOTOOLCHAIN=local GO111MODULE=off $(GO) build -o $@ $<

.PHONY: why-c
why-c: NEEDS = $(WHY_PROGRAMS) $(PLACE_NEEDS)
why-c: ready | $(call stamp,trace) ## what Go cannot join without C: runs the experiments of shared/why-c.md
	@infra/lab/in-place --private tests/docs/run-pages --directory . shared/why-c.md

# --- Unit tests -----------------------------------------------------------

$(UNIT_BIN): | $(call stamp,test)

$(UNIT_LIB_BIN): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(LIBCBOX)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) -o $@ $< $(LIBCBOX) $(PC_LIBS) -lcmocka -lpthread -lm

$(UNIT_CMP_BIN): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(filter-out %/main.o,$(CMP_OBJ)) $(LIBCBOX)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBCBOX) $(PC_LIBS) -lcmocka -lpthread -lm

# --- The mutant -----------------------------------------------------------
# A cbox that tests/mutations can tell to do something else: the same objects,
# and each __wrap_ function of mutant.c stands before the one of its name.

MUTANT := $(B)/mutant/bin/cbox
MUTANT_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/mutations/*.c))

$(MUTANT): $(B)/obj/c/main.o $(MUTANT_OBJ) $(LIBCBOX)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) $(LINK_MODE) -o $@ $^ $(PC_LIBS) -lpthread -lm \
		$$(nm $(MUTANT_OBJ) | sed -n 's/.* T __wrap_/-Wl,--wrap=/p')

# --- The cbox of valgrind ----------------------------------------------------
# With shared libraries: of glibc's own functions it replaces those.

VALGRIND := $(B)/valgrind/cbox

$(VALGRIND): $(B)/obj/c/main.o $(LIBCBOX)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) -o $@ $< $(LIBCBOX) $(PC_LIBS) -lpthread -lm

# --- The attacker of tests/security ------------------------------------------

ATTACK := $(B)/security/attack

$(ATTACK): $(B)/obj/tests/security/attack.o
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) $(LINK_MODE) -o $@ $<

# --- The tracer of tests/fault ----------------------------------------------

# What tests/perf counts instructions with.
COUNT := $(B)/perf/count

$(COUNT): $(B)/obj/tests/perf/count.o
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) -o $@ $^

INJECT := $(B)/fault/inject
INJECT_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/fault/*.c))

$(INJECT): $(INJECT_OBJ)
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(LDFLAGS) -o $@ $^

.PHONY: unit-programs
unit-programs: $(UNIT_BIN)

# One test program for each Go package, so that the suite can also run where
# there is no room for a compiler.
GO_TEST_STAMP := build/go-test/stamp

$(GO_TEST_STAMP): $(GO_SRC) Makefile | $(call stamp,build)
	@rm -rf $(@D) && mkdir -p $(@D)
	@echo "  go    build/go-test"
	@cd go && export CGO_ENABLED=0 GOTOOLCHAIN=local GOPROXY=off && \
		for package in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./...); do \
			name=$${package#$(CURDIR)/go}; name=$${name#/}; \
			$(GO) test -c -o "$(CURDIR)/$(@D)/$${name:-.}/go.test" "$$package" || exit; \
		done
	@touch $@

# --- The pages' linters -------------------------------------------------------
# From npm, as tests/docs/package-lock.json names them, into build/.

npm_ci = mkdir -p $(@D) && cp $^ $(@D)/ && echo "  npm   $(@D)" && cd $(@D) && \
	{ npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1 || { echo "setup: could not install" \
		"what $< names (no network, or npm cannot reach its registry? log: $(@D)/npm.log)" >&2; exit 1; }; }

DOCS_TOOLS := build/docs/stamp

$(DOCS_TOOLS): tests/docs/package.json tests/docs/package-lock.json | $(call stamp,test)
	@$(npm_ci)
	@touch $@

.PHONY: docs-tools
docs-tools: $(DOCS_TOOLS)

# --- The browser's driver -----------------------------------------------------
# From npm as well; the browser itself is the distribution's Chromium. Ubuntu's is a snap, which no
# script can install everywhere: there it is the one in an npm package, compressed.

BROWSER_TOOLS := build/browser/stamp
CHROMIUM := $(if $(shell grep -x ID=ubuntu /etc/os-release),build/chromium/chromium)

$(BROWSER_TOOLS): tests/browser/package.json tests/browser/package-lock.json | $(call stamp,test)
	@$(npm_ci)
	@touch $@

UNPACK := const fs = require("fs"), [from, to] = process.argv.slice(1); \
	fs.writeFileSync(to, require("zlib").brotliDecompressSync(fs.readFileSync(from)), {mode: 0o755})

build/chromium/chromium: tests/browser/chromium/package.json tests/browser/chromium/package-lock.json \
	| $(call stamp,test)
	@$(npm_ci)
	@node -e '$(UNPACK)' $(@D)/node_modules/@sparticuz/chromium/bin/chromium.br $@.new
	@rm -r $(@D)/node_modules && mv $@.new $@

# --- Fuzzing --------------------------------------------------------------
# Two fuzzers of the spec's parsers: the C parser alone under libFuzzer and the sanitizers, and both
# parsers against each other by `go test -fuzz`. tests/fuzz/run runs one of them.

FUZZ_SECONDS ?= 600
FUZZ_SPEC := build/fuzz/fuzz_spec
BRIDGE_TEST := build/bridge-test/bridge/go.test

$(FUZZ_SPEC): tests/fuzz/fuzz_spec.c $(LIB_SRC) $(wildcard c/*.h) Makefile | $(call stamp,build) $(call stamp,test)
	@mkdir -p $(@D)
	@echo "  clang $@"
	@clang -std=gnu11 -D_GNU_SOURCE -DTWINBOX_VERSION='"$(VERSION)"' -DJSON_BY_MALLOC=1 -Ic -g -O1 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
		$(PC_CFLAGS) -o $@ tests/fuzz/fuzz_spec.c $(LIB_SRC) $(PC_LIBS) -lpthread -lm

# The tests of go/bridge: fuzzing needs its coverage compiled in.
$(BRIDGE_TEST): $(GO_SRC) $(BRIDGE_SRC) $(LIBCBOX) Makefile
	@mkdir -p $(@D) && rm -f $@
	@echo "  go    $@"
	@cd go && $(BRIDGE_ENV) $(GO) test -c -fuzz=. -ldflags '$(BRIDGE_LINK)' -o $(CURDIR)/$@ ./bridge

.PHONY: fork-safety
fork-safety: | $(call stamp,rootfs) ## 2,000 containers by C's clone3 from Go, under load (STARTS=100)
	@$(MAKE) -s --no-print-directory $(BRIDGE_TEST) $(ROOTFS)
	@cd go/bridge && TWINBOX_STARTS=$(or $(STARTS),2000) $(CURDIR)/infra/lab/private \
		$(CURDIR)/$(BRIDGE_TEST) -test.v -test.timeout=0 -test.run='^TestStartsUnderLoad$$'

.PHONY: bench-bridge
bench-bridge: NEEDS =
bench-bridge: ready ## what a call from Go to C costs, and starts with 0, 1 and 7 stages by C (ROUNDS=100)
	@cd go && $(BRIDGE_ENV) $(GO) test -ldflags '$(BRIDGE_LINK)' -run '^$$' -bench EmptyCall ./bridge | \
		awk '/^BenchmarkEmptyCall/ { print "an empty call from Go to C: " $$3 " ns" }'
	@infra/lab/private tests/bridge/bench $(ROUNDS)

.PHONY: fuzz
fuzz: $(FUZZ_SPEC) $(BRIDGE_TEST) ## both fuzzers of the parsers, ten minutes each (FUZZ_SECONDS=60)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run

# --- Rootfs ---------------------------------------------------------------
# The stamp lets `make compare` keep whatever tree the last `make rootfs` made.

ROOTFS := build/rootfs.stamp
LAB := build/setup/lab-$(shell sha256sum <infra/lab/fetch | cut -c1-12)
PLACE_NEEDS = $(if $(filter lab,$(shell infra/lab/place)),$(LAB))
# As many jobs as there are processors, unless the caller said how many.
JFLAG = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: rootfs
rootfs: | $(call stamp,rootfs) ## make build/rootfs from busybox (FROM=alpine:3.20: from an image, by podman)
	@rootfs/make-rootfs build/rootfs $(FROM)
	@touch $(ROOTFS)

$(ROOTFS): $(shell find rootfs -type f) | $(call stamp,rootfs)
	@rootfs/make-rootfs build/rootfs
	@touch $@

# --- Run --------------------------------------------------------------------
# Where this machine has no root or not the whole of cgroup v2, containers run
# in the lab, which is fetched on first use.

$(LAB): | $(call stamp,lab)
	@infra/lab/fetch
	@mkdir -p $(@D) && touch $@

# Packages first, one after another; then everything else side by side.
.PHONY: ready
ready: | $(call stamp,build) $(call stamp,rootfs) $(call stamp,lab)
	@$(MAKE) -s --no-print-directory $(JFLAG) build $(ROOTFS) $(NEEDS)

.PHONY: compare
compare: NEEDS = $(PLACE_NEEDS)
compare: ready ## the main job: cbox and gobox side by side (ARGS='--columns cbox,gobox')
	@infra/lab/in-place build/bin/compare run $(ARGS)

.PHONY: trace
trace: NEEDS = $(PLACE_NEEDS)
trace: ready | $(call stamp,trace) ## the system calls of both, side by side (ARGS='--stage mounts')
	@infra/lab/in-place build/bin/compare trace $(ARGS)

.PHONY: map
map: NEEDS = map-programs $(PLACE_NEEDS)
map: ready | $(call stamp,trace) ## syscall.SysProcAttr field by field (ARGS='--field Setsid')
	@infra/lab/in-place --private build/bin/compare map $(ARGS)

.PHONY: report
report: NEEDS = map-programs $(PLACE_NEEDS)
report: ready | $(call stamp,trace) ## all of it as one page: build/compare/report.html (ARGS='--spec FILE')
	@infra/lab/in-place compare/make-report $(ARGS)

.PHONY: matrix
matrix: NEEDS = $(LAB)
matrix: ready ## compare on every kernel of the distribution with several Gos (MATRIX_GO='go1.22.12 local')
	@infra/matrix/run

.PHONY: map-docs
map-docs: NEEDS = map-programs $(PLACE_NEEDS)
map-docs: ready | $(call stamp,trace) ## write infra/sysprocattr_ja.md and _en.md from such a run
	@infra/lab/in-place --private infra/sysprocattr_pages write

.PHONY: bench bench-stages bench-growth
bench: ready | $(call stamp,bench) ## what a container costs, beside the floor, crun and others (ARGS='--runs 50')
	@infra/lab/in-place --private compare/bench/run $(ARGS)

bench-stages: ready | $(call stamp,bench) ## where the time goes: microseconds a stage (ARGS='--runs 50')
	@infra/lab/in-place --private build/bin/compare bench --stages $(ARGS)

bench-growth: ready | $(call stamp,bench) ## 1 to 1,000 containers, mounts, veth pairs (ARGS='--most 100')
	@infra/lab/in-place --private compare/bench/run --growth $(ARGS)

.PHONY: bench-docs
bench-docs: ## write infra/performance_ja.md and _en.md from what the last of these measured
	@compare/bench/pages

.PHONY: run
run: NEEDS = $(PLACE_NEEDS)
run: ready ## a shell in a container of cbox (ARGS='--spec FILE')
	@infra/lab/in-place --tty build/bin/cbox run $(ARGS)

.PHONY: lab
lab: NEEDS = $(LAB)
lab: ready ## a root shell in a throw-away machine
	@infra/lab/lab shell

# --- Workshop ---------------------------------------------------------------
# Go compiles the steps' programs once out here, where it is fast; the lab takes
# them out of the same cache.

WORKSHOP := build/workshop/stamp

$(WORKSHOP): $(shell find infra/assets -name '*.go' 2>/dev/null) | $(call stamp,build)
	@mkdir -p $(@D)
	@echo "  go    build/workshop"
	@cd infra/assets/container_runtime && for step in step*; do \
		GOCACHE=$(CURDIR)/$(@D)/go-cache $(GO) build -o /dev/null ./$$step || exit; done
	@touch $@

PAGE := infra/container_runtime_ja.md
.PHONY: workshop
workshop: NEEDS = $(LAB) $(WORKSHOP)
workshop: ready | $(call stamp,workshop) ## the workshop in a throw-away machine (PAGE=infra/vlan_ja.md)
	@infra/lab/lab shell -- infra/workshop/open $(PAGE)

# --- Test -------------------------------------------------------------------

.PHONY: test
test: test-programs ## all tests (SUITES='unit lint': some; tests/suites has the names)
	@tests/run $(SUITES)

.PHONY: test-programs
test-programs: | $(call stamp,build) $(call stamp,lab) $(call stamp,test)
	@echo "building, and once more for the sanitizers"
	@$(MAKE) -s --no-print-directory $(JFLAG) build unit-programs map-programs $(GO_TEST_STAMP) $(BRIDGE_TEST) \
		$(WHY_PROGRAMS) $(MUTANT) $(INJECT) $(ATTACK) $(COUNT) $(VALGRIND) $(FUZZ_SPEC) $(ROOTFS) $(LAB) \
		$(DOCS_TOOLS) $(BROWSER_TOOLS) $(CHROMIUM) $(WORKSHOP) package-programs
	@$(MAKE) -s --no-print-directory $(JFLAG) SAN=1 build unit-programs

.PHONY: torture
torture: test-programs ## each call with each error, each kill, 500 containers, 10,000 runs: tests/fault/RESULTS.md
	@tests/fault/torture

.PHONY: unit
unit: | $(call stamp,test) ## the unit tests alone, built first
	@$(MAKE) -s --no-print-directory $(JFLAG) unit-programs
	@tests/run unit

.PHONY: lint
lint: | $(call stamp,build) $(call stamp,test) ## the linters alone
	@tests/run lint

.PHONY: format
format: $(DOCS_TOOLS) ## write the C and Go sources and the pages as the formatters want them
	@clang-format-14 -i $(wildcard c/*.[ch] compare/*.[ch] shared/*/*.c go/bridge/*.[ch] tests/unit/*.[ch] \
		tests/fault/*.[ch] tests/mutations/*.[ch] tests/security/*.[ch] tests/perf/*.c compare/bench/*.c)
	@$(dir $(GO))gofmt -w go shared
	@tests/docs/checks/prettier --write

# --- Installing and packaging -------------------------------------------------

include infra/package/package.mk

# --- The rest ---------------------------------------------------------------

.PHONY: deps
deps: $(foreach set,build rootfs lab trace workshop install package test,$(call stamp,$(set))) ## install what is missing (apt), for everything but `make bench`

.PHONY: clean
clean: ## remove build/ (and never what is mounted below it)
	@rm -rf --one-file-system build

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' Makefile infra/package/package.mk | sort | while IFS="$$(printf '\t')" read -r t d; do \
		printf '  make %-10s %s\n' "$$t" "$$d"; done

# Keep objects: a second make compiles nothing.
.SECONDARY:

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
