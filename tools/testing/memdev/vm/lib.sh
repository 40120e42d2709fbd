# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the scripts of this directory share. Sourced, never run.

set -u

VM_DIR=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd -P "$VM_DIR/../../../.." && pwd)
BUILD=$TOP/build
LOGS=$BUILD/logs
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memdev
KNOWN_KERNELS="6.1 6.12 7.3"
# Those that are built here, by vm/debug.
DEBUG_KERNELS="debug kcsan"

# sbin is not in everybody's path, and depmod and qemu's helpers live there.
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

# The directory that holds a kernel: one of the fetched ones by its line, or
# any directory of the same layout by its path (a kernel built for debugging).
kernel_dir()
{
	case $1 in
	*/*)	(cd -P "$1" 2>/dev/null && pwd) || echo "$1" ;;
	*)	echo "$CACHE/$1" ;;
	esac
}

# The name under which a kernel's build and logs are kept.
kernel_name()
{
	basename "$1"
}

# is_debug KERNEL: one that is built here
is_debug()
{
	case " $DEBUG_KERNELS " in
	*" $1 "*)	return 0 ;;
	esac
	return 1
}

# died_patching CONSOLE: an emulated CPU ran code that the other was just patching,
# and the kernel died of it
died_patching()
{
	grep -q 'int3: 0000 \[' "$1"
}

# died_of CONSOLE: what the VM died of, if that is nothing of the project's. The
# kernel's own, where CONFIG_DEBUG_VM checks: when a block comes online below its
# zone, resize_zone_range() sets where the zone starts, and after that how far it
# reaches. A page that another CPU frees between the two lies behind the end.
died_of()
{
	local zone='VM_BUG_ON_PAGE(!zone_spans_pfn(page_zone(page), pfn))'

	if [ "${ACCEL:-$(head -n 1 "$CACHE/accel")}" != kvm ] &&
	   died_patching "$1"; then
		echo "QEMU's CPUs died of an int3"
	elif grep -qF "$zone" "$1"; then
		echo "the kernel died of a zone whose span was just changing"
	else
		return 1
	fi
}

# What is about the kernel alone does not count.
# shellcheck disable=SC2317 # broken runs it
not_known()
{
	awk -f "$VM_DIR/known.awk"
}

# broken FILTER: the lines that the filter leaves of the console $log, that speak
# of a broken kernel and do not match $allow, with the test that ran, if somebody
# wrote down which. Returns 1 if there are none, 2 if the console could not be
# searched: it is not a kernel's, or the filter or the expression is faulty.
# shellcheck disable=SC2154 # the caller's
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
	# As it stands there: awk would take backslashes out of a variable.
	printf '%s\n' "$lines" |
		WORDS=$words ALLOW=${allow:-^\$} awk '
		# No report goes on into the next test
		/memdev-vm: test / { who = $NF; more = 0 }
		/memdev-vm: end/ { who = ""; more = 0 }
		$0 ~ ENVIRON["WORDS"] && !/[Cc]ommand line:/ &&
		$0 !~ ENVIRON["ALLOW"] {
			any = 1
			# What follows tells where, of the first at least
			if (!more)
				more = told[who]++ ? 1 : 40
		}
		more && more-- {
			print (who == "" ? "VM" : who) ": " NR ": " $0
		}
		END { exit !any }'
}

# pack_initramfs STAGE DIR: what is in STAGE as the initramfs of the kernel in DIR
pack_initramfs()
{
	(cd "$1" && find . | "$2/busybox" cpio -o -H newc) \
		>"$2/initramfs" 2>/dev/null || die "cannot pack the initramfs"
	# The kernel wants the next archive behind it on four bytes.
	truncate -s %512 "$2/initramfs"
}

# module_tree DIR DEST RELEASE MODULE...: in DEST/modules what the VM has of
# modules, ours on top of those of the kernel in DIR.
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
	cat "$(kernel_dir "$1")/release"
}

# in_root ROOT DIR COMMAND...: run COMMAND with ROOT as its root file system
# and DIR, at its own path, as its working directory. Mounts are private to
# the command. Works without root where the kernel lets users have namespaces.
in_root()
{
	local ns=(--mount)

	[ "$(id -u)" = 0 ] || ns+=(--map-root-user)
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare "${ns[@]}" sh -ec '
		root=$1 dir=$2
		shift 2
		mount --rbind /proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mkdir -p "$root$dir"
		mount --bind "$dir" "$root$dir"
		exec chroot "$root" /usr/bin/env -i HOME=/ LC_ALL=C \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			sh -c "cd \"\$1\" && shift && exec \"\$@\"" \
			sh "$dir" "$@"' in_root "$@"
}
