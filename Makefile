# coppice: robust, sparse video models. `make help` lists the targets.
# SPDX-License-Identifier: LGPL-2.1-or-later
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
SONAME  := so.0
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
                 glib-2.0 gio-2.0 json-glib-1.0 libpng libjpeg kissfft-float \
                 pangocairo
GST_VERSION   := 1.22
GST_PKGS      := gstreamer-1.0 gstreamer-base-1.0 gstreamer-video-1.0 gstreamer-controller-1.0
TEST_PKGS     := gstreamer-check-1.0 cairo

TARGET  := $(shell $(CC) -dumpmachine 2>/dev/null)
TIERS   := generic $(if $(findstring x86_64,$(TARGET)),avx2 avx512)
VEC_generic := 16
VEC_avx2    := 32
VEC_avx512  := 64
ISA_avx2    := -march=x86-64-v3
ISA_avx512  := -march=x86-64-v4 -mprefer-vector-width=512

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings $(WERROR)
# The same objects make the static and the shared libraries.
BASE := -std=c11 $(OPT) $(WARN) -fPIC -fno-semantic-interposition -fno-math-errno -pthread \
        -D_POSIX_C_SOURCE=200809L -DCOP_VERSION='"$(VERSION)"' -I. \
        $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CFLAGS_all  := $(BASE) -ffp-contract=off $(CFLAGS)
# Generic vectors give fused multiply-adds only where contraction is allowed. Under ASan and UBSan
# kernels have so many checks that texts for each were 25 MiB, read at every start of a program,
# and that gcc took minutes: there a check that fails is a trap (SIGILL), whose line gdb tells.
SAN_kern    := -O1 -g1 -fira-region=one -fsanitize-undefined-trap-on-error
CFLAGS_kern := $(BASE) $(if $(findstring address,$(SAN)),$(SAN_kern),$(if $(SAN),,-O3)) -ffp-contract=fast -fno-trapping-math $(CFLAGS)
LDFLAGS_all := -pthread $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

HASH := $(shell echo '$(CC) $(CFLAGS_all) $(CFLAGS_kern) $(LDFLAGS_all)' | sha256sum | cut -c1-10)
B    := build/$(HASH)

LANE_SRC     := $(wildcard models/kernels/*_lane.c)
MODELS_SRC   := $(filter-out $(LANE_SRC),$(wildcard models/*/*.c models/kernels/ref/*.c))
CLI_SRC      := $(wildcard pipeline/main.c pipeline/cli_registry.c pipeline/cmd_*.c)
PIPELINE_SRC := $(filter-out $(CLI_SRC),$(wildcard pipeline/*.c pipeline/*/*.c))
LIVE_SRC     := $(wildcard elements/coppice_live*.c)
ELEMENTS_SRC := $(filter-out $(LIVE_SRC),$(wildcard elements/*.c))
GEN_SRC      := $(if $(wildcard pipeline/report/report.gresource.xml),$(B)/gen/report_assets.c)
TEST_SRC     := $(wildcard tests/unit/test_*.c tests/grad/test_*.c tests/contract/test_*.c tests/golden/test_*.c \
                tests/elements/test_*.c)
TEST_LIB_SRC := $(wildcard tests/*.c)
ELEMENTS_LIB_SRC := $(filter-out $(TEST_SRC),$(wildcard tests/elements/*.c))
KCHECK_SRC   := $(wildcard tests/kernels/*.c)
CORE_SRC     := $(wildcard models/core/*.c)
BENCH_PROGRAMS := bench_layers bench_lists bench_nets bench_decode bench_corrupt bench_elements
BENCH_SRC    := $(filter-out $(BENCH_PROGRAMS:%=tests/bench/%.c),$(wildcard tests/bench/*.c))
PARITY_BIN    = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/parity/*.c))
SAMPLE_BIN   := $(patsubst %.c,$(B)/%,$(wildcard samples/*.c))
# Golden tables are parts of the test that includes them.
HEADERS      := $(filter-out tests/golden/%,$(wildcard models/*/*.h models/*/*/*.h \
                pipeline/*.h pipeline/*/*.h elements/*.h tests/*.h tests/*/*.h))

obj = $(patsubst %.c,$(B)/%.o,$(1))
LANE_OBJ     := $(foreach t,$(TIERS),$(patsubst %_lane.c,$(B)/%_$(t).o,$(LANE_SRC)))
KERN_SRC     := $(filter models/kernels/%.c,$(MODELS_SRC))
MODELS_OBJ   := $(call obj,$(MODELS_SRC)) $(LANE_OBJ)
PIPELINE_OBJ := $(call obj,$(PIPELINE_SRC)) $(GEN_SRC:.c=.o)
ELEMENTS_OBJ := $(call obj,$(ELEMENTS_SRC))
TEST_BIN     := $(patsubst tests/%.c,$(B)/tests/%,$(TEST_SRC))
# The longest first: what runs beside it ends with it.
CHECKS       := $(B)/tests/kcheck $(TEST_BIN) $(wildcard tests/cli/test_*.sh)
PARITY       := $(wildcard tests/parity/parity_*.py)
ifdef ONLY
PARITY       := $(foreach t,$(PARITY),$(if $(filter $(ONLY),$(basename $(notdir $(t)))),$(t)))
CHECKS       := $(foreach t,$(CHECKS),$(if $(filter $(ONLY),$(basename $(notdir $(t)))),$(t)))
endif

# --- packages ---------------------------------------------------------------
DEPS_build   := gcc libc6-dev make pkg-config libavformat-dev libavcodec-dev libavutil-dev libswscale-dev \
                libconfig-dev libsqlite3-dev libglib2.0-dev libjson-glib-dev libpng-dev \
                libjpeg-dev libkissfft-dev libpango1.0-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
# What coppice live and the samples play with.
DEPS_demo    := $(DEPS_build) gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-x \
                gstreamer1.0-libav
DEPS_check   := $(DEPS_demo) libcairo2-dev ffmpeg sqlite3 libgstrtspserver-1.0-dev xvfb valgrind
DEPS_lint    := $(DEPS_check) git binutils clang clang-format cppcheck shellcheck
DEPS_aarch64 := gcc libc6-dev make gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
DEPS_bench   := $(DEPS_demo) libdnnl-dev python3 python3-torch python3-torchvision python3-opencv ffmpeg libcairo2-dev
DEPS_parity  := $(DEPS_demo) python3 python3-numpy python3-scipy python3-torch python3-torchvision \
                python3-skimage python3-opencv python3-pil ffmpeg opencv-doc chromium poppler-utils protobuf-compiler

# pkg-config is asked only by rules that compile: the first make on a machine may have to install it.
need       = $(if $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes),,$(error packages \
               are missing ($(1)): run "make deps"))
need_gst   = $(if $(shell $(PKG_CONFIG) --atleast-version=$(GST_VERSION) gstreamer-1.0 2>/dev/null && echo yes),,$(error \
               GStreamer $(GST_VERSION) or newer is missing: run "make deps"))
pkg_cflags = $(call need,$(1))$(subst -I/,-isystem /,$(shell $(PKG_CONFIG) --cflags $(1)))
pkg_libs   = $(call need,$(1))$(shell $(PKG_CONFIG) --libs $(1))
PIPE_CFLAGS = $(eval PIPE_CFLAGS := $(call pkg_cflags,$(PIPELINE_PKGS)))$(PIPE_CFLAGS)
GST_CFLAGS  = $(eval GST_CFLAGS := $(call need_gst)$(call pkg_cflags,$(GST_PKGS) $(PIPELINE_PKGS)))$(GST_CFLAGS)
GST_LIBS    = $(eval GST_LIBS := $(call pkg_libs,$(GST_PKGS)))$(GST_LIBS)
TEST_CFLAGS = $(eval TEST_CFLAGS := $(call pkg_cflags,$(TEST_PKGS) $(GST_PKGS) $(PIPELINE_PKGS)))$(TEST_CFLAGS)
PIPE_LIBS   = $(eval PIPE_LIBS := $(call pkg_libs,$(PIPELINE_PKGS)))$(PIPE_LIBS)
TEST_LIBS   = $(eval TEST_LIBS := $(call pkg_libs,$(TEST_PKGS)))$(TEST_LIBS)

# --- targets ----------------------------------------------------------------
FRAMES ?= 108000
.PHONY: all check check-run soak demo demo-run bench bench-full bench-programs lint parity parity-run deps deps-% install uninstall \
        clean help kernels kernels-aarch64 programs headers

## all: build/coppice, build/coppice-live, the two libraries and the GStreamer plugin, build/gst
all: $(B)/coppice $(B)/coppice-live $(B)/libcoppice-nn.a $(B)/libcoppice.a $(B)/gst/libgstcoppice.so
	@mkdir -p build/gst
	@ln -sfn $(HASH)/coppice build/coppice
	@ln -sfn $(HASH)/coppice-live build/coppice-live
	@ln -sfn ../$(HASH)/gst/libgstcoppice.so build/gst/libgstcoppice.so

## demo: build, make a data set, train dense and sparse, corrupt, evaluate, report (QUICK=1: a minute's version)
demo: deps-demo
	@$(MAKE) --no-print-directory demo-run
demo-run: all
	@QUICK=$(QUICK) samples/demo.sh build/coppice

## check: every test, or ONLY="test_pool test_help"; ends with "N passed, N failed"
check: deps-check
	@$(MAKE) --no-print-directory check-run
check-run: all $(CHECKS) $(B)/tests/rtsp_server
	@COPPICE=$(CURDIR)/$(B)/coppice CC='$(CC)' SAN='$(SAN)' tests/run.sh $(B) $(CHECKS)

## kernels: the kernel checks alone, which need libc and pthreads only
kernels: $(B)/tests/kcheck
	$(KCHECK_RUN) $(B)/tests/kcheck

## kernels-aarch64: cross-build the kernel checks and run them under qemu
kernels-aarch64: deps-aarch64
	@$(MAKE) --no-print-directory CC=aarch64-linux-gnu-gcc KCHECK_RUN="qemu-aarch64 -L /usr/aarch64-linux-gnu" kernels

## bench: minutes of timings: layers against oneDNN, nets against PyTorch, decoding against ffmpeg, OpenCV, torchvision; elements
bench: bench-programs
	@tests/bench/run.sh $(B) quick

## bench-full: hours of them, in stages that are taken up again (FRESH=1, ONLY="nets_r3d_18_*", LIST=1; TRY=1: small)
bench-full: bench-programs
	@tests/bench/run.sh $(B) $(if $(TRY),try,full)

## bench-programs: build/bench_layers, bench_lists, bench_nets, bench_decode, bench_corrupt and bench_elements, to time one thing (--help)
bench-programs: deps-bench
	@$(MAKE) --no-print-directory $(BENCH_PROGRAMS:%=$(B)/%) all
	@for program in $(BENCH_PROGRAMS); do ln -sfn $(HASH)/$$program build/$$program; done

## lint: layering, format, headers, symbols, cppcheck, clang with the same warnings
lint: deps-lint
	@$(MAKE) --no-print-directory all
	@tests/lint.sh $(B)

## soak: an hour of video through videocorrupt and robustness: memory flat, counts exact (FRAMES=108000)
soak: deps-check
	@$(MAKE) --no-print-directory all
	@FRAMES=$(FRAMES) tests/live/soak.sh $(B)/coppice

## parity: compare live with PyTorch and the other Debian Python packages, or ONLY="parity_infer"
parity: deps-parity
	@$(MAKE) --no-print-directory parity-run
parity-run: all $(PARITY_BIN)
	@COPPICE=$(CURDIR)/$(B)/coppice tests/run.sh $(B) $(PARITY)

## deps: install what is missing (build, demo, check, lint, aarch64, parity and bench sets; deps-build: that one)
deps:
	@tests/deps.sh $(sort $(DEPS_check) $(DEPS_lint) $(DEPS_aarch64) $(DEPS_parity) \
	    $(DEPS_bench))
deps-%:
	@tests/deps.sh $(sort $(DEPS_$*))

## programs: everything that compiles, tests included
programs: $(B)/coppice $(B)/coppice-live $(B)/gst/libgstcoppice.so $(TEST_BIN) $(B)/tests/kcheck $(B)/tests/rtsp_server $(PARITY_BIN) $(SAMPLE_BIN)

## headers: each header, compiled alone
headers: $(HEADERS:%=$(B)/%.ok)

LIB := $(DESTDIR)$(PREFIX)/lib
PC   = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@PKGS@|$(PIPELINE_PKGS)|'

## install: the command, both libraries, the plugin, headers and pkg-config files (PREFIX, DESTDIR)
install: all $(B)/libcoppice-nn.so $(B)/libcoppice.so
	install -d $(DESTDIR)$(PREFIX)/bin $(LIB)/pkgconfig $(LIB)/gstreamer-1.0 $(DESTDIR)$(PREFIX)/include/coppice
	install -m 755 $(B)/coppice $(B)/coppice-live $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(B)/libcoppice-nn.a $(B)/libcoppice.a $(LIB)/
	for lib in libcoppice-nn libcoppice; do \
	    install -m 755 $(B)/$$lib.so $(LIB)/$$lib.so.$(VERSION) && \
	    ln -sf $$lib.so.$(VERSION) $(LIB)/$$lib.$(SONAME) && \
	    ln -sf $$lib.$(SONAME) $(LIB)/$$lib.so || exit; done
	install -m 755 $(B)/gst/libgstcoppice.so $(LIB)/gstreamer-1.0/
	$(PC) models/libcoppice-nn.pc.in > $(LIB)/pkgconfig/libcoppice-nn.pc
	$(PC) pipeline/libcoppice.pc.in > $(LIB)/pkgconfig/libcoppice.pc
	find models pipeline -name '*.h' ! -name '*_private.h' -exec \
	    install -D -m 644 {} $(DESTDIR)$(PREFIX)/include/coppice/{} \;

## uninstall: remove what install put there
uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/include/coppice $(DESTDIR)$(PREFIX)/bin/coppice{,-live}
	rm -f $(LIB)/libcoppice{-nn,}.{a,so,$(SONAME),so.$(VERSION)} $(LIB)/pkgconfig/libcoppice{-nn,}.pc
	rm -f $(LIB)/gstreamer-1.0/libgstcoppice.so

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
	$(call compile,$(CFLAGS_all))
$(filter $(B)/models/kernels/%,$(call obj,$(KERN_SRC))): $(B)/%.o: %.c
	$(call compile,$(CFLAGS_kern))
define tier_rule
$(B)/models/kernels/%_$(1).o: models/kernels/%_lane.c
	$$(call compile,$$(CFLAGS_kern) $$(ISA_$(1)) -DCOP_TIER=$(1) -DCOP_VEC_BYTES=$$(VEC_$(1)))
endef
$(foreach t,$(TIERS),$(eval $(call tier_rule,$(t))))
$(B)/pipeline/%.o: pipeline/%.c
	$(call compile,$(CFLAGS_all) $(PIPE_CFLAGS))
# Loops over pictures.
$(B)/pipeline/corrupt/%.o: pipeline/corrupt/%.c
	$(call compile,$(CFLAGS_all) $(if $(SAN),,-O3) $(PIPE_CFLAGS))
$(B)/pipeline/media/convert.o: pipeline/media/convert.c
	$(call compile,$(CFLAGS_all) $(if $(SAN),,-O3) $(PIPE_CFLAGS))
# Of a plugin nothing is seen but its entry points. GStreamer's macros cast const away.
$(B)/elements/%.o: elements/%.c
	$(call compile,$(CFLAGS_all) -Wno-cast-qual -fvisibility=hidden $(GST_CFLAGS))
$(B)/gen/%.o: $(B)/gen/%.c
	$(call compile,$(filter-out -W%,$(CFLAGS_all)) $(PIPE_CFLAGS))
$(B)/tests/%.o: tests/%.c
	$(call compile,$(CFLAGS_all) $(TEST_CFLAGS) -DCOP_TESTS='"$(CURDIR)/tests"')
$(B)/tests/elements/%.o: tests/elements/%.c
	$(call compile,$(CFLAGS_all) -Wno-cast-qual $(TEST_CFLAGS))
$(B)/tests/kernels/%.o: tests/kernels/%.c
	$(call compile,$(CFLAGS_all))
$(B)/tests/bench/%.o: tests/bench/%.c
	$(call compile,$(CFLAGS_all))
$(B)/tests/bench/bench_elements.o: tests/bench/bench_elements.c
	$(call compile,$(CFLAGS_all) -Wno-cast-qual $(TEST_CFLAGS))
$(B)/samples/%.o: samples/%.c
	$(call compile,$(CFLAGS_all))

# Included, not compiled: a header may leave its functions and tables unused.
define header
@mkdir -p $(@D)
$(Q)echo '#include "$<"' | $(CC) $(1) -MMD -MP -MF $@.d -MT $@ -fsyntax-only -x c - && touch $@
endef
$(B)/models/%.h.ok: models/%.h
	$(call header,$(CFLAGS_all))
$(B)/pipeline/%.h.ok: pipeline/%.h
	$(call header,$(CFLAGS_all) $(PIPE_CFLAGS))
$(B)/elements/%.h.ok: elements/%.h
	$(call header,$(CFLAGS_all) -Wno-cast-qual $(GST_CFLAGS))
$(B)/tests/%.h.ok: tests/%.h
	$(call header,$(CFLAGS_all) $(TEST_CFLAGS))

$(B)/gen/report_assets.c: pipeline/report/report.gresource.xml $(wildcard pipeline/report/assets/*)
	@mkdir -p $(@D)
	$(Q)glib-compile-resources --generate-source --internal --c-name cop_report_assets --sourcedir=pipeline/report --target=$@ $<

$(B)/libcoppice-nn.a: $(MODELS_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(B)/libcoppice.a: $(PIPELINE_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
# Calls inside a library stay inside it.
SHARED = $(LDFLAGS_all) -shared -Wl,-Bsymbolic-functions $(if $(SAN),,-Wl,-z,defs) -Wl,-soname,$(basename $(@F)).$(SONAME)
$(B)/libcoppice-nn.so: $(MODELS_OBJ)
	$(Q)$(CC) $(SHARED) -o $@ $^ -lm
$(B)/libcoppice.so: $(PIPELINE_OBJ) | $(B)/libcoppice-nn.so
	$(Q)$(CC) $(SHARED) -o $@ $^ -L$(B) -lcoppice-nn $(PIPE_LIBS) -lm
$(B)/coppice: $(call obj,$(CLI_SRC)) $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@$(if $(Q),echo "  LD    $(@F)")
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(PIPE_LIBS) -lm
$(B)/coppice-live: $(call obj,$(LIVE_SRC)) $(filter-out %/plugin.o,$(ELEMENTS_OBJ)) $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@$(if $(Q),echo "  LD    $(@F)")
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(GST_LIBS) $(PIPE_LIBS) -lm
$(B)/gst/libgstcoppice.so: $(ELEMENTS_OBJ) $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LD    gst/$(@F)")
	$(Q)$(CC) $(LDFLAGS_all) -shared -Wl,--exclude-libs,ALL $(if $(SAN),,-Wl,-z,defs) -o $@ $^ $(GST_LIBS) $(PIPE_LIBS) -lm
$(B)/tests/kcheck: $(call obj,$(KCHECK_SRC) $(CORE_SRC) $(KERN_SRC)) $(LANE_OBJ)
	$(Q)$(CC) $(LDFLAGS_all) $(KCHECK_LDFLAGS) -o $@ $^ -lm
# Elements are registered by their tests, from the plugin's own objects.
$(filter $(B)/tests/elements/%,$(TEST_BIN)): $(ELEMENTS_OBJ) $(call obj,$(ELEMENTS_LIB_SRC))
$(TEST_BIN): $(B)/tests/%: $(B)/tests/%.o $(call obj,$(TEST_LIB_SRC)) $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@$(if $(Q),echo "  LD    tests/$*")
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(if $(filter elements/%,$*),$(GST_LIBS)) \
	    $(TEST_LIBS) $(PIPE_LIBS) -lm
$(B)/tests/rtsp_server: tests/live/rtsp_server.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_all) $(call pkg_cflags,gstreamer-rtsp-server-1.0) $(LDFLAGS_all) -o $@ $< $(call pkg_libs,gstreamer-rtsp-server-1.0)
$(B)/bench_layers: $(call obj,tests/bench/bench_layers.c $(BENCH_SRC)) $(B)/libcoppice-nn.a
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ -ldnnl -lgomp -lm
$(B)/bench_lists: $(call obj,$(addprefix tests/bench/bench_,lists.c clock.c conv.c shapes.c)) $(B)/libcoppice-nn.a
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ -lm
$(B)/bench_nets: $(call obj,tests/bench/bench_nets.c tests/bench/bench_clock.c) $(B)/libcoppice-nn.a
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ -lm
$(B)/bench_decode $(B)/bench_corrupt: $(B)/bench_%: $(call obj,tests/bench/bench_clock.c) $(B)/tests/bench/bench_%.o $(B)/libcoppice.a $(B)/libcoppice-nn.a
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(PIPE_LIBS) -lm
$(B)/bench_elements: $(call obj,tests/bench/bench_clock.c tests/bench/bench_elements.c) $(ELEMENTS_OBJ) $(B)/libcoppice.a $(B)/libcoppice-nn.a
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(GST_LIBS) $(TEST_LIBS) $(PIPE_LIBS) -lm
$(B)/parity/%: $(B)/tests/parity/%.o $(B)/libcoppice.a $(B)/libcoppice-nn.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(PIPE_LIBS) -lm
# One needs the pipeline, the others the nets alone.
$(B)/samples/classify: $(B)/samples/classify.o $(B)/libcoppice.a $(B)/libcoppice-nn.a
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ $(PIPE_LIBS) -lm
$(B)/samples/%: $(B)/samples/%.o $(B)/libcoppice-nn.a
	$(Q)$(CC) $(LDFLAGS_all) -o $@ $^ -lm

.PRECIOUS: $(B)/tests/%.o $(B)/samples/%.o
-include $(shell test -d $(B) && find $(B) -name '*.d')
