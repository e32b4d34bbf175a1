# SPDX-License-Identifier: Apache-2.0
# hubguard: `make` builds build/hubguard and build/libhubguard.so, `make demo` shows it, `make test` proves it.
# Everything that is needed and missing is installed by the target that needs it (apt as root or by sudo, pip into build/venv).

SHELL   := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

BUILD   ?= build
CC      ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON  ?= python3
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

APT_BUILD := gcc make pkg-config libc6-dev binutils libyara-dev libseccomp-dev libcjson-dev libinih-dev libsqlite3-dev \
             libssl-dev zlib1g-dev libbz2-dev liblzma-dev
APT_PY    := python3 python3-venv
APT_TEST  := libcmocka-dev clang-14 libclang-rt-14-dev strace crun busybox-static wrk
APT_LINT  := clang-format-14 clang-tidy-14 cppcheck
APT_BENCH := valgrind

WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
HARDEN  := -fstack-protector-strong -fstack-clash-protection $(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
PKGS    := yara libseccomp libcjson inih sqlite3 libcrypto zlib
CPPFLAGS_ALL := -I. -I$(BUILD)/gen -D_GNU_SOURCE -DHG_VERSION='"$(VERSION)"'
ifdef SAN
OPT     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
OPT     := -O2 -g -D_FORTIFY_SOURCE=2
endif
CFLAGS_ALL = -std=c17 $(WARN) $(HARDEN) -fvisibility=hidden $(OPT) $(CFLAGS)
LDHARD  := -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS       = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lbz2 -llzma -lm

SHIM_SRC  := $(wildcard shim/*.c)
# The part of the shim that needs no preload: unit tests and the guard link it too.
SHIM_CORE := shim/roots.c shim/path.c shim/reply.c shim/places.c shim/addresses.c
CORE_SRC  := $(wildcard scanner/*.c) $(wildcard policy/*.c) $(filter-out guard/main.c,$(wildcard guard/*.c)) $(wildcard $(SHIM_CORE))
CORE_OBJ  := $(CORE_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/scanner/rules_embed.o
SHIM_OBJ  := $(SHIM_SRC:%.c=$(BUILD)/pic/%.o)
UNIT_SRC  := $(wildcard tests/unit/test_*.c)
UNIT_BIN  := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN  := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
RULES     := $(wildcard scanner/rules/*.yar) $(wildcard scanner/rules/*.ini)

.PHONY: all demo test unit san fuzz e2e evasion oracle bench lint format install uninstall clean deps-build deps-test deps-lint deps-bench venv check-symbols
all: deps-build
	@$(MAKE) --no-print-directory $(BUILD)/hubguard $(BUILD)/libhubguard.so

# --- what has to be there -------------------------------------------------------------------------------------
define apt_need
@missing=; for p in $(1); do case "$$(dpkg-query -W -f='$${Status}' $$p 2>/dev/null || true)" in *'ok installed') ;; *) missing="$$missing $$p";; esac; done; \
[ -n "$$missing" ] || exit 0; \
as=; [ "$$(id -u)" = 0 ] || as=sudo; \
if ! command -v apt-get >/dev/null || ! command -v $${as:-true} >/dev/null; then \
  ! command -v dpkg-query >/dev/null && pkg-config --exists $(PKGS) 2>/dev/null && exit 0; \
  echo "hubguard needs (names as on Debian):$$missing" >&2; \
  echo "They cannot be installed from here: that takes apt-get, and root or sudo. Install them and run make again." >&2; exit 1; fi; \
echo "installing:$$missing"; \
{ $$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } || \
  { echo "apt-get could not install:$$missing" >&2; exit 1; }
endef
deps-build: ; $(call apt_need,$(APT_BUILD))
deps-test:  ; $(call apt_need,$(APT_BUILD) $(APT_PY) $(APT_TEST))
deps-lint:  ; $(call apt_need,$(APT_BUILD) $(APT_LINT))
deps-bench: ; $(call apt_need,$(APT_BUILD) $(APT_PY) $(APT_BENCH))
deps-py:    ; $(call apt_need,$(APT_PY))
.PHONY: deps-py
venv: deps-py
	@$(MAKE) --no-print-directory build/venv/.ready
build/venv/.ready: tests/requirements.txt
	test -x build/venv/bin/python || $(PYTHON) -m venv build/venv || /usr/bin/python3 -m venv build/venv
	build/venv/bin/python -m pip install -q --disable-pip-version-check -r tests/requirements.txt
	touch $@

# --- build ----------------------------------------------------------------------------------------------------
$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(PKG_CFLAGS) $(CFLAGS_ALL) -fPIE -MMD -MP -c $< -o $@
$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fPIC -ftls-model=initial-exec -MMD -MP -c $< -o $@

# All rule texts, embedded: each file is preceded by a line that names it.
$(BUILD)/gen/rules.blob: $(RULES)
	@mkdir -p $(@D)
	@for f in $(sort $(RULES)); do printf '\001%s %s\n' "$$(basename $$f)" "$$(wc -c < $$f)"; cat $$f; done > $@
# The YARA rules once more, compiled: loading them takes a tenth of the time of compiling. A libyara that refuses them
# (another version) makes the program compile the texts.
$(BUILD)/gen/compile_rules: scanner/tools/compile_rules.c
	@mkdir -p $(@D)
	$(CC) -std=c17 $(WARN) -D_GNU_SOURCE -O1 -o $@ $< $(shell pkg-config --libs yara 2>/dev/null)
$(BUILD)/gen/rules.yarc: $(BUILD)/gen/compile_rules $(wildcard scanner/rules/*.yar)
	$(BUILD)/gen/compile_rules $@ $(sort $(wildcard scanner/rules/*.yar))
$(BUILD)/obj/scanner/rules_embed.o: scanner/rules_embed.S $(BUILD)/gen/rules.blob $(BUILD)/gen/rules.yarc
	@mkdir -p $(@D)
	$(CC) -I$(BUILD)/gen -c $< -o $@

$(BUILD)/libhubguard_core.a: $(CORE_OBJ)
	rm -f $@; $(AR) rcs $@ $^
$(BUILD)/hubguard: $(BUILD)/obj/guard/main.o $(BUILD)/libhubguard_core.a
	$(CC) $(CFLAGS_ALL) -pie $(LDHARD) -o $@ $^ $(LIBS)
$(BUILD)/libhubguard.so: $(SHIM_OBJ) shim/exports.map
	$(CC) $(CFLAGS_ALL) -shared $(LDHARD) -Wl,--version-script=shim/exports.map -Wl,-soname,libhubguard.so -o $@ $(SHIM_OBJ)
	@tests/check_symbols.sh $@

# --- tests ----------------------------------------------------------------------------------------------------
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libhubguard_core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(PKG_CFLAGS) $(CFLAGS_ALL) -MMD -MP -MF $@.d -o $@ $< $(BUILD)/libhubguard_core.a $(LIBS) -lcmocka
unit: deps-test
	@$(MAKE) --no-print-directory BUILD=$(BUILD) run-unit
.PHONY: run-unit
run-unit: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do echo "== $$t"; $$t; done
# gcc here, clang for the fuzzers: they evaluate in different orders, and each has found what the other cannot.
san:
	@$(MAKE) --no-print-directory unit BUILD=build/san SAN=1 CC=gcc

# What tests in Python ask the C side.
$(BUILD)/tools/%: tests/tools/%.c $(BUILD)/libhubguard_core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(PKG_CFLAGS) $(CFLAGS_ALL) -MMD -MP -MF $@.d -o $@ $< $(BUILD)/libhubguard_core.a $(LIBS)

# The Python front end against ast, on every file that the interpreter at hand has.
$(BUILD)/dump_calls: tests/oracle/dump_calls.c $(BUILD)/libhubguard_core.a
	$(CC) $(CPPFLAGS_ALL) $(PKG_CFLAGS) $(CFLAGS_ALL) -MMD -MP -MF $@.d -o $@ $< $(BUILD)/libhubguard_core.a $(LIBS)
oracle: deps-build venv
	@$(MAKE) --no-print-directory $(BUILD)/dump_calls
	py=$(PYTHON); [ ! -x build/venv/bin/python ] || py=build/venv/bin/python; $$py tests/oracle/oracle.py $(BUILD)/dump_calls

FUZZ_FLAGS := -std=c17 -O1 -g -D_GNU_SOURCE -I. -I$(BUILD)/fuzz/gen -DHG_VERSION='"fuzz"' -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_OBJ   := $(CORE_SRC:%.c=$(BUILD)/fuzz/obj/%.o)
$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	clang-14 $(FUZZ_FLAGS) $(PKG_CFLAGS) -MMD -MP -c $< -o $@
.SECONDARY: $(FUZZ_OBJ)
$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_OBJ) $(BUILD)/obj/scanner/rules_embed.o
	clang-14 $(FUZZ_FLAGS) $(PKG_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
FUZZ_SECONDS ?= 10
fuzz: deps-test
	@$(MAKE) --no-print-directory run-fuzz
.PHONY: run-fuzz
run-fuzz: $(FUZZ_BIN)
	@for t in $(FUZZ_BIN); do n=$$(basename $$t); mkdir -p $(BUILD)/fuzz/corpus/$$n; echo "== $$n"; \
	  $$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/$$n- $(BUILD)/fuzz/corpus/$$n tests/fuzz/corpus/$$n; done

# --- the real loaders -----------------------------------------------------------------------------------------
demo: all venv
	build/venv/bin/python examples/demo.py --build $(BUILD)
e2e: all venv
	HUBGUARD_BUILD=$(abspath $(BUILD)) build/venv/bin/python -m pytest -ra --tb=short tests/e2e $(PYTEST_ARGS)
pytest: all venv
	HUBGUARD_BUILD=$(abspath $(BUILD)) build/venv/bin/python -m pytest -ra --tb=short tests/e2e tests/evasion $(PYTEST_ARGS)
.PHONY: pytest
evasion: all venv
	HUBGUARD_BUILD=$(abspath $(BUILD)) build/venv/bin/python -m pytest -ra --tb=short tests/evasion $(PYTEST_ARGS)

# --- everything, in the order in which a failure says most ----------------------------------------------------
.PHONY: run-test
test: deps-test
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory san
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory oracle
	@$(MAKE) --no-print-directory pytest

# --- style and static analysis --------------------------------------------------------------------------------
C_ALL := $(wildcard shim/*.[ch] scanner/*.[ch] policy/*.[ch] guard/*.[ch] scanner/tools/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] tests/oracle/*.[ch] tests/tools/*.[ch])
format:
	clang-format-14 -i $(C_ALL)
# A file at a time: clang-tidy's analyzer takes every va_list of the second file for uninitialised. alloca(3) is how an
# exec hook gets memory in a vfork child.
lint: deps-lint
	@$(MAKE) --no-print-directory $(BUILD)/gen/rules.blob
	clang-format-14 --dry-run -Werror $(C_ALL)
	printf '%s\n' $(filter-out $(wildcard tests/unit/*.c tests/fuzz/*.c),$(filter %.c,$(C_ALL))) | \
	  xargs -P $$(nproc) -I FILE clang-tidy-14 --quiet FILE -- -std=c17 $(CPPFLAGS_ALL) $(PKG_CFLAGS) \
	  2> >(grep -v 'warnings* generated' >&2)
	cppcheck --quiet -j $$(nproc) --error-exitcode=1 --inline-suppr --enable=warning,performance,portability --std=c11 \
	  --suppress=missingIncludeSystem --suppress=allocaCalled -I. -D_GNU_SOURCE shim scanner policy guard
	@echo lint: clean

bench: deps-bench
	@$(MAKE) --no-print-directory all venv
	build/venv/bin/python -m pip install -q --disable-pip-version-check -r bench/requirements.txt
	build/venv/bin/python bench/bench.py

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/hubguard
	install -m 755 $(BUILD)/hubguard $(DESTDIR)$(PREFIX)/bin/hubguard
	install -m 755 $(BUILD)/libhubguard.so $(DESTDIR)$(PREFIX)/lib/hubguard/libhubguard.so
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/hubguard $(DESTDIR)$(PREFIX)/lib/hubguard/libhubguard.so

-include $(shell find $(BUILD) -path '*/venv' -prune -o -name '*.d' -print 2>/dev/null)

clean:
	find build -mindepth 1 -maxdepth 1 ! -name venv -exec rm -rf {} + 2>/dev/null || true
