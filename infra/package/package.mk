# Installing and packaging; a part of the Makefile.
#
# BINDIR and its like may be set one by one, as a packager does. The programs find their data beside
# themselves (BINDIR/../share/twinbox), so that nothing is compiled anew for another PREFIX.

PREFIX ?= /usr/local
LOCALSTATEDIR ?= /var
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
PLACES = PREFIX='$(PREFIX)' LOCALSTATEDIR='$(LOCALSTATEDIR)' BINDIR='$(BINDIR)' DATADIR='$(DATADIR)' \
	MANDIR='$(MANDIR)' BASHDIR='$(BASHDIR)' ZSHDIR='$(ZSHDIR)' DESTDIR='$(DESTDIR)'

PACKAGED := cbox gobox gobox-bridge
PACKAGE_MADE := $(PACKAGED:%=build/package/man/%.1) build/package/man/twinbox-spec.5

# cbox(1), gobox(1) and gobox-bridge(1) are one text.
build/package/man/%.1: infra/package/man/box.1 infra/package/man/box VERSION
	@mkdir -p $(@D)
	@infra/package/man/box $* >$@

build/package/man/twinbox-spec.5: shared/spec.schema.json infra/package/man/spec VERSION | $(call stamp,install)
	@mkdir -p $(@D)
	@infra/package/man/spec >$@

.PHONY: packaged
packaged: $(PACKAGED:%=build/bin/%) $(PACKAGE_MADE)

.PHONY: install
install: packaged ## install programs, man pages, completion (PREFIX=/usr/local DESTDIR=)
	@$(PLACES) infra/package/install put

.PHONY: uninstall
uninstall: ## remove what `make install` has put (the same PREFIX and DESTDIR)
	@$(PLACES) infra/package/install remove

.PHONY: dist
dist: ## build/twinbox-VERSION.tar.gz, the same bytes wherever it is made
	@infra/package/dist

DEB := build/package/deb/stamp

.PHONY: deb
deb: $(DEB) ## the Debian package, in build/package/deb
	@ls build/package/deb/*.deb

$(DEB): $(shell find debian infra/package rootfs -type f) $(GO_SRC) $(BRIDGE_SRC) $(LIB_SRC) c/main.c \
	$(wildcard c/*.h shared/*.json shared/specs/*.json) Makefile VERSION \
	| $(call stamp,build) $(call stamp,package)
	@mkdir -p $(@D)
	@GOCACHE=$$($(GO) env GOCACHE) infra/package/deb
	@touch $@

# A Debian with nothing in it but what is essential, for the package's test.
CLEAN := build/package/clean.tar

.PHONY: package-programs
package-programs: packaged $(DEB) $(CLEAN)

$(CLEAN): infra/package/clean | $(call stamp,package)
	@mkdir -p $(@D)
	@infra/package/clean $@
