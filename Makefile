# SPDX-License-Identifier: GPL-2.0
#
# Out-of-tree build of memdev. "make help" lists what there is.

ifneq ($(words $(CURDIR)),1)
$(error make cannot work in '$(CURDIR)', a path with a blank)
endif

VM := tools/testing/memdev/vm
TESTING := tools/testing/memdev

# Without headers of the running kernel, build for the newest ones installed.
ifeq ($(origin KDIR),undefined)
KDIR := $(wildcard /lib/modules/$(shell uname -r)/build)
ifeq ($(KDIR),)
KDIR := $(shell for d in /usr/src/linux-headers-* /lib/modules/*/build; do \
		test -e $$d/Module.symvers && echo $$d; done | \
		sed 's,.*\(linux-headers-\|modules/\)\(.*\),\2 &,' | \
		sort -V | tail -n 1 | cut -d' ' -f2)
KDIR_NOTE := $(KDIR)
endif
endif

kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR)/drivers/memdev CONFIG_MEMDEV=m
kbuild_samples = $(MAKE) -C $(KDIR) M=$(CURDIR)/samples/memdev \
	KBUILD_EXTRA_SYMBOLS=$(CURDIR)/drivers/memdev/Module.symvers \
	CONFIG_SAMPLE_MEMDEV=m

all: modules

modules: kdir
	$(kbuild) modules

# The samples link against memdev.ko.
samples: modules
	@$(RM) samples/memdev/Module.symvers # has outdated symbol versions
	$(kbuild_samples) modules

# Distributions' headers enable CONFIG_MODULE_SIG_ALL but lack the key.
NO_KEY = $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

RELEASE = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h)
VERSION = $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' \
	drivers/memdev/main.c)

# Providers out of tree build against the header and Module.symvers. DKMS keeps
# sources in /usr/src, and zfs its headers and symbol versions.
DEVEL = $(INSTALL_MOD_PATH)/usr/src/memdev-$(VERSION)

install: kdir
	$(kbuild) $(NO_KEY) modules_install
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(RELEASE)
	install -D -m 644 include/linux/memdev.h $(DEVEL)/include/linux/memdev.h
	install -D -m 644 include/uapi/linux/memdev.h \
		$(DEVEL)/include/uapi/linux/memdev.h
	install -D -m 644 drivers/memdev/Module.symvers \
		$(DEVEL)/$(RELEASE)/Module.symvers

uninstall:
	@packaging/uninstall $(INSTALL_MOD_PATH)

# The tool's own Makefile names missing libraries.
memdevctl:
	$(MAKE) -C tools/memdev OUTPUT=$(CURDIR)/build/memdevctl

install-memdevctl: memdevctl
	$(MAKE) -C tools/memdev OUTPUT=$(CURDIR)/build/memdevctl install

uninstall-memdevctl:
	$(MAKE) -C tools/memdev uninstall

version:
	@echo $(VERSION)

# What DKMS builds the module from
DKMS_SOURCE ?= /usr/src/memdev-$(VERSION)

dkms-source:
	for file in $$(find drivers/memdev include -name '*.[ch]' \
			! -name '*.mod.c' -o -name Makefile -o -name Kconfig); do \
		install -D -m 644 $$file $(DKMS_SOURCE)/$$file || exit; \
	done
	sed '/^# "make dkms"/d; /^#$$/d; s/#MODULE_VERSION#/$(VERSION)/' \
		dkms.conf >$(DKMS_SOURCE)/dkms.conf

# The files of a package are not make's to replace or remove.
define dkms-remove
@! dpkg-query -S $(DKMS_SOURCE)/dkms.conf 2>/dev/null || \
	{ echo "$(DKMS_SOURCE) belongs to a package: remove that first" >&2; \
	exit 1; }
@test -z "$$(dkms status memdev/$(VERSION))" || \
	dkms remove memdev/$(VERSION) --all
endef

# Unlike "make install", DKMS builds again for each kernel that is installed later.
dkms: kdir
	@$(VM)/setup dkms
	$(dkms-remove)
	$(MAKE) --no-print-directory -s dkms-source
	dkms install memdev/$(VERSION) -k $(RELEASE) --kernelsourcedir $(KDIR)

uninstall-dkms:
	$(dkms-remove)
	@packaging/uninstall --dkms $(VERSION)

deb:
	@$(VM)/setup deb
	@packaging/build deb

rpm:
	@$(VM)/setup rpm
	@packaging/build rpm


kdir:
ifeq ($(KDIR),)
	@echo "no kernel headers found: install linux-headers-$$(uname -r), or name a build tree with KDIR=" >&2
	@exit 1
endif
ifneq ($(KDIR_NOTE),)
	@echo "no headers of the running kernel $$(uname -r): building for $(KDIR)"
endif

demo:
	@$(TESTING)/demo $(KERNEL)

run_check = KERNELS="$(KERNELS)" T="$(T)" J="$(J)" BOOTS="$(BOOTS)" \
	$(TESTING)/check

check:
	@$(run_check)

check-all:
	@$(run_check) --all

unit:
	@$(VM)/setup
	@$(MAKE) --no-print-directory -C $(TESTING) unit SEED=$(SEED)

kunit:
	@$(TESTING)/kunit

packages-test:
	@$(TESTING)/packages disk

stress:
	@$(VM)/setup
	@$(VM)/build $(or $(KERNELS),7.3)
	@STRESS_TIME="$(TIME)" STRESS_SEED="$(SEED)" \
		$(VM)/test -j 1 -k "$(or $(KERNELS),7.3)" stress

compare:
	@$(VM)/setup
	@SEED="$(SEED)" STEPS="$(STEPS)" KERNEL="$(KERNEL)" $(TESTING)/compare

bench:
	@$(VM)/setup plot
	@$(TESTING)/bench/bench $(if $(PUBLISH),--publish) $(KERNELS)

debug-kernel:
	@$(VM)/debug $(or $(KERNEL),debug)

gen:
	$(TESTING)/gen_vectors.py drivers/memdev/alloc_vectors.h
	@$(VM)/fetch tools
	$(TESTING)/gen_netlink

clean:
	$(RM) -r build
	find drivers samples \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' \
		-o -name '*.symvers' -o -name modules.order \) -delete 2>/dev/null || true

help:
	@echo 'make [KDIR=DIR]         build drivers/memdev/memdev.ko (W=1, C=1 as in the kernel)'
	@echo 'make samples            also build samples/memdev/memdev-sample.ko'
	@echo 'make install            install memdev.ko for that kernel, run depmod;'
	@echo '                        make uninstall undoes it, for all kernels'
	@echo 'make dkms               have DKMS build it, also for kernels to come;'
	@echo '                        make uninstall-dkms undoes it'
	@echo 'make memdevctl          build the tool; make install-memdevctl installs it,'
	@echo '                        make uninstall-memdevctl removes it'
	@echo 'make deb, make rpm      build the packages memdev-dkms and memdevctl in build/'
	@echo 'make demo [KERNEL=6.1]  show memdev in a VM'
	@echo 'make check              static checks, unit tests, build and tests on 6.1:'
	@echo '                        at most 15 minutes on two processors'
	@echo 'make check-all          all tests on all kernels, KUnit, comparison with'
	@echo '                        QEMU, benchmarks, coverage: what CI runs'
	@echo '    KERNELS="6.1 7.3"   only on these kernels'
	@echo '    T=NAME[,NAME]       only these tests'
	@echo '    J=2                 number of VMs at a time'
	@echo '    BOOTS=5             number of boots for tests that ask for several'
	@echo 'make unit [SEED=N]      test the allocator in user space'
	@echo 'make kunit              run the KUnit suites in a kernel built for them'
	@echo 'make packages-test      install, use, upgrade and purge the Debian packages in'
	@echo '                        a VM that boots Debian 12 from a disk; as root'
	@echo 'make stress [TIME=SECONDS] [SEED=N] [KERNELS=7.3]'
	@echo '                        random operations at once, in a VM under load'
	@echo 'make compare [SEED=N] [STEPS=N] [KERNEL=6.1]'
	@echo '                        play random steps on QEMU and on memdev'
	@echo 'make bench [KERNELS="6.1 7.3"] [PUBLISH=1]'
	@echo '                        compare its speed with other ways to plug memory;'
	@echo '                        PUBLISH=1 writes the results to Documentation/bench'
	@echo 'make debug-kernel [KERNEL=kcsan]'
	@echo '                        build the kernel for KERNELS=debug, or kcsan'
	@echo 'make gen                regenerate the generated sources'
	@echo 'make clean              remove what was built'

.PHONY: all modules samples install uninstall memdevctl install-memdevctl \
	uninstall-memdevctl version dkms-source dkms uninstall-dkms deb rpm kdir \
	demo check check-all unit kunit packages-test stress compare bench \
	debug-kernel gen clean help
