# coppice: robust, sparse video models. `make help` lists the targets.
#
# CC, OPT, WERROR, SAN=address,undefined and SAN=thread select a build; each
# set of flags has an object folder of its own, build/<hash of the flags>.
# V=1 shows the commands.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

VERSION := 0.1.0
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
AR      := $(if $(filter default,$(origin AR)),$(if $(findstring aarch64,$(CC)),aarch64-linux-gnu-ar,ar),$(AR))
OPT     ?= -O2 -g
WERROR  ?= -Werror
SAN     ?=
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
PREFIX  ?= /usr/local
PKG_CONFIG ?= pkg-config

# --- what is built ----------------------------------------------------------
PIPELINE_PKGS := libavformat libavcodec libavutil libswscale libconfig sqlite3 \
                 glib-2.0 gio-2.0 json-glib-1.0 cairo libpng
NN_PKGS       := openblas
TEST_PKGS     := gstreamer-check-1.0

TARGET  := $(shell $(CC) -dumpmachine 2>/dev/null)
TIERS   := generic $(if $(findstring x86_64,$(TARGET)),avx2 avx512)
VEC_generic := 16
VEC_avx2    := 32
VEC_avx512  := 64
ISA_avx2    := -march=x86-64-v3
ISA_avx512  := -march=x86-64-v4 -mprefer-vector-width=512

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings $(WERROR)
BASE := -std=c11 $(OPT) $(WARN) -fvisibility=hidden -fno-math-errno -pthread -D_POSIX_C_SOURCE=200809L \
        -DCOP_VERSION='"$(VERSION)"' -I. $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CFLAGS_all  := $(BASE) -ffp-contract=off $(CFLAGS)
# Generic vectors give fused multiply-adds only where contraction is allowed.
CFLAGS_kern := $(BASE) $(if $(SAN),,-O3) -ffp-contract=fast -fno-trapping-math $(CFLAGS)
LDFLAGS_all := -pthread $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

HASH := $(shell echo '$(CC) $(CFLAGS_all) $(CFLAGS_kern) $(LDFLAGS_all)' | sha256sum | cut -c1-10)
B    := build/$(HASH)

LANE_SRC     := $(wildcard models/kernels/*_lane.c)
MODELS_SRC   := $(filter-out $(LANE_SRC),$(wildcard models/*/*.c models/kernels/ref/*.c))
PIPELINE_SRC := $(filter-out pipeline/main.c pipeline/cmd_%.c,$(wildcard pipeline/*.c pipeline/*/*.c))
CLI_SRC      := $(wildcard pipeline/main.c pipeline/cmd_*.c)
GEN_SRC      := $(if $(wildcard pipeline/report/report.gresource.xml),$(B)/gen/report_assets.c)
TEST_SRC     := $(wildcard tests/unit/test_*.c tests/grad/test_*.c tests/contract/test_*.c tests/golden/test_*.c)
TEST_LIB_SRC := $(wildcard tests/*.c)
KCHECK_SRC   := $(wildcard tests/kernels/*.c)
CORE_SRC     := $(wildcard models/core/*.c)
PARITY_BIN    = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/parity/*.c))
BENCH_SRC    := $(wildcard tests/bench/*.c)

obj = $(patsubst %.c,$(B)/%.o,$(1))
LANE_OBJ     := $(foreach t,$(TIERS),$(patsubst %_lane.c,$(B)/%_$(t).o,$(LANE_SRC)))
KERN_SRC     := $(filter models/kernels/%.c,$(MODELS_SRC))
MODELS_OBJ   := $(call obj,$(MODELS_SRC)) $(LANE_OBJ)
PIPELINE_OBJ := $(call obj,$(PIPELINE_SRC)) $(GEN_SRC:.c=.o)
TEST_BIN     := $(patsubst tests/%.c,$(B)/tests/%,$(TEST_SRC))

# --- packages ---------------------------------------------------------------
DEPS_build  := gcc make pkg-config libavformat-dev libavcodec-dev libavutil-dev libswscale-dev \
               libconfig-dev libsqlite3-dev libglib2.0-dev libjson-glib-dev libopenblas-dev \
               libcairo2-dev libpng-dev fonts-dejavu-core
DEPS_develop := $(DEPS_build) libgstreamer1.0-dev ffmpeg opencv-doc cppcheck clang clang-format \
               valgrind chromium gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
DEPS_check  := $(DEPS_build) libgstreamer1.0-dev ffmpeg
DEPS_parity := $(DEPS_build) python3 python3-numpy python3-torch python3-torchvision \
               python3-skimage python3-opencv python3-pil ffmpeg opencv-doc

# pkg-config is asked only by rules that compile: the first make on a machine may have to install it.
pkg_cflags = $(subst -I/,-isystem /,$(shell $(PKG_CONFIG) --cflags $(1)))
pkg_libs   = $(shell $(PKG_CONFIG) --libs $(1))
PIPE_CFLAGS = $(eval PIPE_CFLAGS := $(call pkg_cflags,$(PIPELINE_PKGS)))$(PIPE_CFLAGS)
NN_CFLAGS   = $(eval NN_CFLAGS := $(call pkg_cflags,$(NN_PKGS)))$(NN_CFLAGS)
TEST_CFLAGS = $(eval TEST_CFLAGS := $(call pkg_cflags,$(TEST_PKGS) $(PIPELINE_PKGS)))$(TEST_CFLAGS)
PIPE_LIBS   = $(eval PIPE_LIBS := $(call pkg_libs,$(PIPELINE_PKGS) $(NN_PKGS)))$(PIPE_LIBS)
TEST_LIBS   = $(eval TEST_LIBS := $(call pkg_libs,$(TEST_PKGS)))$(TEST_LIBS)

# --- targets ----------------------------------------------------------------
.PHONY: all check check-run demo demo-run bench lint parity parity-run deps deps-% install uninstall clean help kernels kernels-aarch64

## all: build/coppice and the two libraries
all: $(B)/coppice $(B)/libcoppice-nn.a $(B)/libcoppice.a
	@ln -sfn $(HASH)/coppice build/coppice

## demo: build, make a data set, train dense and sparse, corrupt, evaluate, report (QUICK=1: a minute's version)
demo: deps-build
	@$(MAKE) --no-print-directory demo-run
demo-run: all
	@QUICK=$(QUICK) samples/demo.sh build/coppice

## check: every test; ends with "N passed, N failed"
check: deps-check
	@$(MAKE) --no-print-directory check-run
check-run: all $(TEST_BIN) $(B)/tests/kcheck
	@COPPICE=$(CURDIR)/$(B)/coppice tests/run.sh $(B) $(TEST_BIN) $(B)/tests/kcheck $(wildcard tests/cli/test_*.sh)

## kernels: the kernel checks alone, which need libc and pthreads only
kernels: $(B)/tests/kcheck
	$(KCHECK_RUN) $(B)/tests/kcheck

## kernels-aarch64: cross-build the kernel checks and run them under qemu
kernels-aarch64:
	@$(MAKE) --no-print-directory CC=aarch64-linux-gnu-gcc KCHECK_RUN="qemu-aarch64 -L /usr/aarch64-linux-gnu" kernels

## bench: time kernels and nets against their peers, as ratios
bench: all $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_SRC))
	@set -e; for b in $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_SRC)); do $$b; done

## lint: layering, format, headers, symbols, cppcheck, clang with the same warnings
lint: deps-develop
	@$(MAKE) --no-print-directory all
	@tests/lint.sh $(B)

## parity: compare live with PyTorch and the other Debian Python packages
parity: deps-parity
	@$(MAKE) --no-print-directory parity-run
parity-run: all $(PARITY_BIN)
	@COPPICE=$(CURDIR)/$(B)/coppice tests/parity/run.sh

## deps: install what is missing (build, development and parity sets)
deps: deps-build deps-develop deps-parity
deps-%:
	@samples/deps.sh $(sort $(DEPS_$*))

## install: libraries, headers, pkg-config files and the command (PREFIX, DESTDIR)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/coppice
	install -m 755 $(B)/coppice $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(B)/libcoppice-nn.a $(B)/libcoppice.a $(DESTDIR)$(PREFIX)/lib/
	cd $(CURDIR) && find models pipeline -name '*.h' -exec install -D -m 644 {} $(DESTDIR)$(PREFIX)/include/coppice/{} \;
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' models/libcoppice-nn.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/libcoppice-nn.pc
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@PKGS@|$(PIPELINE_PKGS)|' pipeline/libcoppice.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/libcoppice.pc

## uninstall: remove what install put there
uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/include/coppice
	rm -f $(DESTDIR)$(PREFIX)/bin/coppice $(DESTDIR)$(PREFIX)/lib/libcoppice-nn.a $(DESTDIR)$(PREFIX)/lib/libcoppice.a \
	      $(DESTDIR)$(PREFIX)/lib/pkgconfig/libcoppice-nn.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/libcoppice.pc

## clean: remove everything that make made
clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## \([a-z0-9-]*\): /\1\t/p' Makefile | while IFS=$$'\t' read -r t d; do printf '  %-15s %s\n' "$$t" "$$d"; done

# --- rules ------------------------------------------------------------------
define compile
@mkdir -p $(@D)
@$(if $(Q),echo "  CC    $(patsubst $(B)/%,%,$@)")
$(Q)$(CC) $(1) -MMD -MP -c -o $@ $<
endef

$(B)/models/%.o: models/%.c
	$(call compile,$(CFLAGS_all) $(NN_CFLAGS))
$(filter $(B)/models/kernels/%,$(call obj,$(KERN_SRC))): $(B)/%.o: %.c
	$(call compile,$(CFLAGS_kern) $(NN_CFLAGS))
define tier_rule
$(B)/models/kernels/%_$(1).o: models/kernels/%_lane.c
	$$(call compile,$$(CFLAGS_kern) $$(ISA_$(1)) -DCOP_TIER=$(1) -DCOP_VEC_BYTES=$$(VEC_$(1)))
endef
$(foreach t,$(TIERS),$(eval $(call tier_rule,$(t))))
$(B)/pipeline/%.o: pipeline/%.c
	$(call compile,$(CFLAGS_all) $(PIPE_CFLAGS))
$(B)/gen/%.o: $(B)/gen/%.c
	$(call compile,$(filter-out -W%,$(CFLAGS_all)) $(PIPE_CFLAGS))
$(B)/tests/%.o: tests/%.c
	$(call compile,$(CFLAGS_all) $(TEST_CFLAGS) -DCOP_TESTS='"$(CURDIR)/tests"')
$(B)/tests/kernels/%.o: tests/kernels/%.c
	$(call compile,$(CFLAGS_all))

$(B)/gen/report_assets.c: pipeline/report/report.gresource.xml $(wildcard pipeline/report/assets/*)
	@mkdir -p $(@D)
	$(Q)glib-compile-resources --generate-source --internal --c-name report_assets --sourcedir=pipeline/report --target=$@ $<

$(B)/libcoppice-nn.a: $(MODELS_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(B)/libcoppice.a: $(PIPELINE_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(B)/coppice: $(call obj,$(CLI_SRC)) $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@$(if $(Q),echo "  LD    $(@F)")
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(PIPE_LIBS) -lm
$(B)/tests/kcheck: $(call obj,$(KCHECK_SRC) $(CORE_SRC) $(KERN_SRC)) $(LANE_OBJ)
	$(Q)$(CC) $(LDFLAGS_all) $(KCHECK_LDFLAGS) -o $@ $^ -lm
$(TEST_BIN): $(B)/tests/%: $(B)/tests/%.o $(call obj,$(TEST_LIB_SRC)) $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@$(if $(Q),echo "  LD    tests/$*")
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(TEST_LIBS) $(PIPE_LIBS) -lm
$(B)/parity/%: $(B)/tests/parity/%.o $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(PIPE_LIBS) -lm
$(B)/bench/%: $(B)/tests/bench/%.o $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(PIPE_LIBS) -lm

.PRECIOUS: $(B)/%.o $(B)/tests/%.o
-include $(shell test -d $(B) && find $(B) -name '*.d')
