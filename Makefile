# SPDX-License-Identifier: GPL-2.0
#
# Out-of-tree build of memdev. "make help" lists what there is.

VM := tools/testing/memdev/vm
TESTING := tools/testing/memdev

# Where the running kernel has no build tree, any installed headers will do to
# compile.
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

# The samples use what memdev.ko exports.
samples: modules
	@$(RM) samples/memdev/Module.symvers # or old versions of symbols stay
	$(kbuild_samples) modules

# Distributions' headers ask for modules to be signed and have no key for it.
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

# What memdevctl takes is told by its own Makefile where it is missing.
memdevctl:
	$(MAKE) -C tools/memdev OUTPUT=$(CURDIR)/build/memdevctl

install-memdevctl: memdevctl
	$(MAKE) -C tools/memdev OUTPUT=$(CURDIR)/build/memdevctl install

kdir:
ifeq ($(KDIR),)
	@echo "no kernel headers found: install linux-headers-amd64, or name a build tree with KDIR=" >&2
	@exit 1
endif
ifneq ($(KDIR_NOTE),)
	@echo "no headers of the running kernel $$(uname -r): building for $(KDIR)"
endif

demo:
	@$(TESTING)/demo $(KERNEL)

check:
	@KERNELS="$(KERNELS)" T="$(T)" J="$(J)" BOOTS="$(BOOTS)" $(TESTING)/check

unit:
	@$(VM)/setup
	@$(MAKE) --no-print-directory -C $(TESTING) unit SEED=$(SEED)

kunit:
	@$(TESTING)/kunit

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
	@echo 'make samples            and samples/memdev/memdev-sample.ko'
	@echo 'make install            install it for that kernel, run depmod'
	@echo 'make memdevctl          build the tool; make install-memdevctl installs it'
	@echo 'make demo [KERNEL=6.1]  see it at work in a VM (6.1, 6.12, 7.3)'
	@echo 'make check              test everything: builds, VMs, static checks'
	@echo '    KERNELS="6.1 7.3"   on these kernels only'
	@echo '    T=NAME[,NAME]       these tests only'
	@echo '    J=2                 so many VMs at a time'
	@echo '    BOOTS=5             so many boots of tests that want several'
	@echo 'make unit [SEED=N]      test the allocator alone, in user space'
	@echo 'make kunit              and as KUnit does, in a kernel of its own'
	@echo 'make stress [TIME=SECONDS] [SEED=N] [KERNELS=7.3]'
	@echo '                        do all at once, at random, in a VM under load'
	@echo 'make compare [SEED=N] [STEPS=N] [KERNEL=6.1]'
	@echo '                        play random steps on QEMU and on memdev'
	@echo 'make bench [KERNELS="6.1 7.3"] [PUBLISH=1]'
	@echo '                        measure it beside all else that plugs memory;'
	@echo '                        PUBLISH=1 leaves it in README.md'
	@echo 'make debug-kernel [KERNEL=kcsan]'
	@echo '                        build a kernel that watches, for KERNELS=debug'
	@echo 'make gen                make anew what is generated of the sources'
	@echo 'make clean              remove what was built'

.PHONY: all modules samples install memdevctl install-memdevctl kdir demo \
	check unit kunit stress compare bench debug-kernel gen clean help
