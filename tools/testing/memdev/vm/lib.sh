# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Shared by the scripts in this directory and the one above. Only to be sourced.

set -u

VM_DIR=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd -P "$VM_DIR/../../../.." && pwd)
BUILD=$TOP/build
LOGS=$BUILD/logs
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memdev
KNOWN_KERNELS="6.1 6.12 7.3"
# Kernels that vm/debug builds
DEBUG_KERNELS="debug kcsan"

# depmod and QEMU's helpers are in sbin, which users may lack in their path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 125
}

say()
{
	printf '%s\n' "$*" >&2
}

# Neither make nor QEMU can quote these characters in a path.
case $TOP$CACHE in
*[:,\\[:space:]]*)
	die "no blank, colon, comma or backslash may be in '$TOP' and '$CACHE'" ;;
esac

# is_debug KERNEL: whether vm/debug builds it
is_debug()
{
	case " $DEBUG_KERNELS " in
	*" $1 "*)	return 0 ;;
	esac
	return 1
}

# died_patching CONSOLE: whether the kernel crashed because an emulated CPU executed
# code while another patched it
died_patching()
{
	grep -q 'int3: 0000 \[' "$1"
}

# died_stuck CONSOLE: whether the kernel ended because a CPU was stuck before the first
# process ran
died_stuck()
{
	grep -q 'soft lockup - CPU' "$1" && ! grep -q ' as init process' "$1"
}

# died_spinning CONSOLE: whether vm/run ended a VM whose CPUs did not even take an NMI,
# which a kernel that hangs still does
died_spinning()
{
	grep -q 'no sign of life' "$1" && ! grep -q 'Kernel panic' "$1"
}

# died_of CONSOLE: print the crash, if it is a known one that memdev does not cause
#
# With CONFIG_DEBUG_VM the kernel has a race: when a block is onlined below its zone,
# resize_zone_range() updates the zone's start before its span. A page that another
# CPU frees in between seems to be beyond the zone's end.
died_of()
{
	local zone='VM_BUG_ON_PAGE(!zone_spans_pfn(page_zone(page), pfn))'
	local accel=${ACCEL:-$(head -n 1 "$CACHE/accel")}

	if [ "$accel" != kvm ] && died_patching "$1"; then
		echo "an emulated CPU crashed with an int3"
	elif [ "$accel" != kvm ] && died_spinning "$1"; then
		echo "the emulated CPUs did not take an NMI"
	elif grep -qF "$zone" "$1"; then
		echo "the kernel checked a zone while its span was updated"
	else
		return 1
	fi
}

# Drop known reports that memdev does not cause.
# shellcheck disable=SC2317 # broken runs it
not_known()
{
	awk -f "$VM_DIR/known.awk"
}

# broken FILTER: print the kernel's bug reports in the console $log, except what FILTER
# drops and lines that match $allow, each with the test that was running
#
# Return 1 if there are none, 2 if the search failed: the log is not a kernel's, or
# the filter or the expression is invalid.
# shellcheck disable=SC2154 # the caller sets it
broken()
{
	local words lines

	words='BUG:|kernel BUG at|WARNING:|Oops|general protection fault|double fault'
	words="$words|Kernel panic|KASAN|KCSAN: |KFENCE|UBSAN|kmemleak: [1-9]"
	words="$words|soft lockup|hard LOCKUP|blocked for more than|hung task"
	words="$words|rcu.*detected.*stall|rcu.*starved for"
	words="$words|list_(add|del) corruption|possible circular locking"
	words="$words|possible recursive locking|inconsistent lock state"
	words="$words|suspicious RCU usage|sleeping function called"
	words="$words|scheduling while atomic|Bad page state|unable to handle"
	grep -qa 'Linux version ' "$log" || return 2
	lines=$(tr -d '\r\0' <"$log" | "$@") && [ -n "$lines" ] || return 2
	# Pass expressions in the environment: awk drops backslashes of -v variables.
	printf '%s\n' "$lines" |
		WORDS=$words ALLOW=${allow:-^\$} awk '
		# A report ends when its test does.
		/memdev-vm: test / { test = $NF; more = 0 }
		/memdev-vm: end/ { test = ""; more = 0 }
		$0 ~ ENVIRON["WORDS"] && !/[Cc]ommand line:/ &&
		$0 !~ ENVIRON["ALLOW"] {
			any = 1
			# After the first report of a test, print the lines that follow.
			if (!more)
				more = seen[test]++ ? 1 : 40
		}
		more && more-- {
			print (test == "" ? "VM" : test) ": " NR ": " $0
		}
		END { exit !any }'
}

# pack_initramfs STAGE DIR: pack STAGE as the initramfs of the kernel in DIR
pack_initramfs()
{
	(cd "$1" && find . | "$2/busybox" cpio -o -H newc) \
		>"$2/initramfs" 2>/dev/null || die "cannot pack the initramfs"
	# The kernel requires a following archive to be aligned to four bytes.
	truncate -s %512 "$2/initramfs"
}

# module_tree DIR DEST RELEASE MODULE...: make DEST/modules, the modules that a VM has:
# MODULEs on top of those of the kernel in DIR
module_tree()
{
	local dir=$1 dest=$2 release=$3 tree file same=1
	shift 3

	tree=$dest/modules/lib/modules/$release
	[ "$tree/modules.dep.bin" -nt "$dir/release" ] || same=
	for file; do
		cmp -s "$file" "$tree/updates/${file##*/}" || same=
	done
	[ -z "$same" ] || return 0
	rm -rf "$dest/modules.new"
	mkdir -p "$dest/modules.new/lib/modules/$release/updates"
	(
		cd "$dest/modules.new/lib/modules/$release" || exit
		ln -s "$dir/overlay/usr/lib/modules/$release/kernel" kernel
		for file in modules.order modules.builtin modules.builtin.modinfo; do
			cp "$dir/overlay/usr/lib/modules/$release/$file" .
		done
		for file; do
			cp "$file" updates/
		done
		depmod -b "$dest/modules.new" "$release"
	) || die "depmod failed"
	rm -rf "$dest/modules"
	mv "$dest/modules.new" "$dest/modules"
}

kernel_release()
{
	cat "$CACHE/$1/release"
}

# in_root ROOT DIR[:AT] COMMAND...: run COMMAND with ROOT as its root file system and
# DIR, mounted at AT or at its own path, as its working directory
#
# The mounts are private to the command. Users other than root need unprivileged
# user namespaces.
in_root()
{
	local ns=(--mount)

	[ "$(id -u)" = 0 ] || ns+=(--map-root-user)
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare "${ns[@]}" sh -ec '
		root=$1 dir=${2%:*} at=${2#*:}
		shift 2
		mount --rbind /proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mkdir -p "$root$at"
		mount --bind "$dir" "$root$at"
		exec chroot "$root" /usr/bin/env -i HOME=/ LC_ALL=C \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			sh -c "cd \"\$1\" && shift && exec \"\$@\"" \
			sh "$at" "$@"' in_root "$@"
}
