#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memdevctl doctor finds nothing on a healthy machine, and each thing that
# would keep a window, a plug or an unplug from working. What cannot be made in
# a VM is a file that is mounted over the kernel's.
#
# VM: mem=4G append=memmap=1G$0x100000000 usual=6.1 timeout=1800 alone=yes

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl python3 unshare
need_mounted $DEBUG /sys/kernel/security
need_reserved 8
[ "${MEMDEV_VM:-}" = 1 ] || skip_all "changes files that only a VM may lose"

RELEASE=$(uname -r)
CONFIG=/boot/config-$RELEASE
CONF=/etc/modprobe.d/memdev-test.conf

# over FILE TEXT: let FILE have TEXT, until over_end FILE
over()
{
	local copy

	copy=$TMP/over$(echo "$1" | tr / .)
	printf '%s\n' "$2" >"$copy"
	mount --bind "$copy" "$1" || die "cannot mount over $1"
}

over_end()
{
	umount "$1"
}

undo()
{
	rm -f $CONF "$CONFIG"
}

# has STATUS CHECK TEXT REMEDY: the last output has one such finding; TEXT and
# REMEDY are regular expressions
has()
{
	python3 - "$TMP/out" "$@" <<-'PYTHON'
	import json, re, sys
	path, status, check, text, remedy = sys.argv[1:]
	items = json.load(open(path))["doctor"]
	mine = [i for i in items if i["check"] == check and
	        i["status"] == status and re.search(text, i["text"]) and
	        re.search(remedy, i["remedy"] or "none")]
	if len(mine) != 1:
	    print(len(mine), "of", *items, sep="\n")
	    sys.exit(1)
	for i in items:
	    assert set(i) == {"check", "status", "text", "remedy"}, i
	    assert i["status"] in ("ok", "note", "warning", "problem"), i
	PYTHON
}

# finds NAME STATUS CHECK TEXT REMEDY: doctor has one such finding, and exits
# with 1 only if there is a problem
finds()
{
	local name=$1 rc=0
	shift

	ctl doctor -J --all
	! grep -q '"status": *"problem"' "$TMP/out" || rc=1
	is "$name: the exit status is $rc" "$RC$ERR" $rc
	[ "$1" != problem ] || is "$name: a problem exits with 1" "$RC" 1
	check "$name" has "$@"
}

# finds_with FILE TEXT NAME STATUS CHECK TEXT REMEDY: finds with TEXT in FILE
finds_with()
{
	local file=$1

	over "$1" "$2"
	shift 2
	finds "$@"
	over_end "$file"
}

# healthy NAME: doctor finds nothing
healthy()
{
	ctl doctor
	case $RC$ERR$OUT in
	"00 problems, 0 warnings, 0 notes, "*" ok")	pass "$1" ;;
	*)	fail "$1" "$RC $ERR" "$OUT" ;;
	esac
}

cmdline=$(cat /proc/cmdline)
meminfo=$(cat /proc/meminfo)

# meminfo_with NAME KB: /proc/meminfo with another value
meminfo_with()
{
	echo "$meminfo" | sed "s/^$1: .*/$1: $2 kB/"
}

# zones FREE NORMAL MOVABLE: a /proc/zoneinfo with these sizes in MiB
zones()
{
	cat <<-END
	Node 0, zone      DMA
	  pages free     0
	        high     0
	        managed  256
	        protection: (0, 0, 0, 0, 0)
	Node 0, zone   Normal
	  pages free     $(($1 * 256 / 2 + 256))
	        high     256
	        managed  $(($2 * 256))
	        protection: (0, 0, 0, 0, 0)
	      nr_zone_inactive_file $(($1 * 256 / 2))
	  pagesets
	    cpu: 0
	              high:     999999
	Node 0, zone  Movable
	  pages free     999999
	        high     0
	        managed  $(($3 * 256))
	        protection: (0, 0, 0, 0, 0)
	END
}

# --- without the module ------------------------------------------------------

finds "the module is not loaded" note module "not loaded" "^modprobe memdev$"
finds "without a configuration" note config "not checked: neither /proc" none
cat >"$CONFIG" <<'END'
# A configuration
CONFIG_MEMORY_HOTPLUG=y
CONFIG_MEMORY_HOTREMOVE=y
CONFIG_DEBUG_FS=y
CONFIG_MEMORY_FAILURE=y
CONFIG_FIRMWARE_MEMMAP=y
# The end
END
finds "the options are there" ok config "has the options" none
finds "reserved memory without a window" note windows \
	"^1G of RAM at 0x100000000 is not used" \
	"^modprobe memdev window=1G@0x100000000$"
finds "unsigned modules can be loaded" ok signature "without a signature" none
finds_with /sys/module/module/parameters/sig_enforce Y \
	"an unsigned module cannot be loaded" problem signature \
	"signed modules only" "sign-file"
finds_with /sys/kernel/security/lockdown "none integrity [confidentiality]" \
	"an unsigned module cannot be loaded under lockdown" problem signature \
	"signed modules only" "sign-file"
mount -t tmpfs none "/lib/modules/$RELEASE"
finds "the module is not installed" problem module \
	"not available for Linux $RELEASE" "make install"
finds "no parameters are known" note parameters "not checked" none
umount "/lib/modules/$RELEASE"
finds_with /proc/cmdline "$cmdline memdev.windows=1G" \
	"a misspelt parameter before the module is loaded" warning parameters \
	"unknown parameter 'windows' in the kernel command line" \
	"devices.*kind|kind.*devices"
is "devices are not checked without the module" \
	"$(grep -cE '"check": *"(offline|requested|netlink)"' "$TMP/out")" 0

# Carving matters while there is no window. Where RAM is unused, the remedy is to use it.
finds_with /proc/zoneinfo "$(zones 100 64 0)" \
	"no memory above 4 GiB, but unused RAM" note carving \
	"little memory above 4 GiB" "^claim the unused RAM"
over /proc/iomem "0-ffffffffff : System RAM"
finds_with /proc/meminfo "$(meminfo_with MemAvailable 400000 |
	sed 's/^DirectMap1G:.*/DirectMap1G: 0 kB/')" \
	"a block is more than a quarter of the memory" warning carving \
	"block of .* is more than a quarter .*390" "reserve memory at boot"
finds_with /proc/zoneinfo "$(zones 100 64 0)" \
	"no memory above 4 GiB" note carving "little memory above 4 GiB" reserve
finds_with /proc/meminfo "$(meminfo_with Hugetlb 2048)" \
	"hugetlb pages and carving" note carving "hold hugetlb pages" "free hugetlb"
finds_with /proc/meminfo "$(echo "$meminfo" | grep -v DirectMap1G
	echo "DirectMap1G: 2097152 kB")" \
	"the direct map has 1 GiB pages" note carving "direct map" reserve
finds_with /proc/meminfo "$(echo "$meminfo" | grep -v DirectMap1G)" \
	"carving is possible" ok carving "of memory is available" none
over_end /proc/iomem
finds_with $MEM/block_size_bytes "" "the kernel has no memory blocks" \
	problem windows "no memory blocks" CONFIG_MEMORY_HOTPLUG

# --- a healthy machine -------------------------------------------------------

load_blocks 8
healthy "doctor finds nothing on a healthy machine"
runs "--all prints what is fine" doctor --all
check "--all prints what is fine, too" grep -q '^ok *module: version' "$TMP/out"
is "all lines of --all are fine" "$(grep -c '^ok' "$TMP/out") ok" \
	"$(sed -n '$s/.*notes, //p' "$TMP/out")"
runs "doctor -J on a healthy machine" doctor -J
is "doctor -J on a healthy machine is an empty array" "$(python3 -c '
import json, sys
print(json.load(sys.stdin))' <"$TMP/out")" "{'doctor': []}"

# --- the module and the kernel -----------------------------------------------

finds_with /sys/module/memdev/version 0.9 "another version is loaded" \
	warning module "version 0.9, memdevctl has" "same version"
mount -t tmpfs none "/lib/modules/$RELEASE"
finds "the module will be missing" note module "after the next boot" install
umount "/lib/modules/$RELEASE"
finds_with /proc/cmdline "$cmdline memdev.online-type=offline memdev.kinds=dimm" \
	"a misspelt parameter" warning parameters \
	"'kinds' in the kernel command line" kind
over /proc/cmdline "$cmdline memdev.online-type=offline"
healthy "a hyphen in a parameter is not misspelt"
over_end /proc/cmdline
over /proc/cmdline "$cmdline memdev.restore=0 memdev.dyndbg=+p"
healthy "words of memdev.service and of the kernel are not misspelt"
over_end /proc/cmdline
cat >$CONF <<'END'
# options memdev comment=1
options memdev kind=dimm \
	onlinetype=offline
options memdevice x=1
END
finds "a misspelt parameter in modprobe.d" warning parameters \
	"'onlinetype' in $CONF" "correct $CONF"
echo "install memdev /bin/true" >$CONF
finds "modprobe runs a command" warning parameters "install memdev" remove
echo "blacklist memdev" >$CONF
finds "the module is blacklisted" note parameters "blacklist memdev" remove
rm $CONF
sed -i '/HOTREMOVE/d' "$CONFIG"
finds "the kernel cannot remove memory" problem config \
	"lacks CONFIG_MEMORY_HOTREMOVE" "CONFIG_MEMORY_HOTREMOVE=y"
sed -i 's/CONFIG_DEBUG_FS=y/CONFIG_MEMORY_HOTREMOVE=y/' "$CONFIG"
finds "the kernel lacks debugfs" note config "lacks CONFIG_DEBUG_FS: " =y
sed -i 's/CONFIG_MEMORY_FAILURE=y/CONFIG_DEBUG_FS=y/' "$CONFIG"
finds "the kernel cannot poison a page" note config \
	"lacks CONFIG_MEMORY_FAILURE: no page can be poisoned" =y
echo CONFIG_MEMORY_FAILURE=y >>"$CONFIG"
over /proc/filesystems "nodev tmpfs"
finds "there is no debugfs" note debugfs "has no debugfs" CONFIG_DEBUG_FS
over_end /proc/filesystems
umount -l $DEBUG
finds "debugfs is not mounted" note debugfs "not mounted" "^mount -t debugfs"
fails "fault list without debugfs" 1 "memdevctl: memdev0: fault list: cannot open *: mount debugfs by 'mount -t debugfs none *" \
	fault list
is "fault list without debugfs prints no list" "$OUT" ""
mount -t debugfs debugfs $DEBUG
umount -l /sys/kernel/security
finds "securityfs is not mounted" note lockdown "not checked" "^mount -t sec"
mount -t securityfs securityfs /sys/kernel/security
finds_with /sys/kernel/security/lockdown "none [integrity] confidentiality" \
	"the kernel is locked down" warning lockdown "\(integrity\): .*refuses" carve
case $(cat /sys/module/memory_hotplug/parameters/memmap_on_memory) in
N)	finds_with /proc/cmdline "$cmdline memory_hotplug.memmap_on_memory=1" \
		"memmap_on_memory is not on" warning memmap \
		"asks for memmap_on_memory" memory_hotplug ;;
*)	skip "memmap_on_memory is not on" "it is on" ;;
esac
finds_with /sys/kernel/kexec_crash_loaded 1 "a crash kernel is loaded" \
	note kdump "crash kernel is loaded" "kdump-config reload"
finds_with /proc/cmdline "$cmdline elfcorehdr=0x70000000" "a crash kernel" \
	problem kdump "this is a crash kernel" none
healthy "nothing is left of that"
unshare -n memdevctl doctor -J --all >"$TMP/out" 2>"$TMP/err"
is "another network namespace is a problem" "$?$(cat "$TMP/err")" 1
check "another network namespace is named" \
	has problem netlink "initial network namespace" "^nsenter"

# --- boot options ------------------------------------------------------------

# memmap OPTION NAME STATUS TEXT REMEDY
memmap()
{
	over /proc/cmdline "$cmdline memmap=$1"
	finds "$2" "$3" boot "$4" "$5"
	over_end /proc/cmdline
}

# shellcheck disable=SC2016 # the dollar signs are the options'
{
memmap '2Gx100000000' "GRUB removed a dollar sign" warning "no sign between" escape
memmap '32M$0x101000000' "a reserved range without a whole block" warning \
	"32M.0x101000000 contains no whole" multiples
memmap '512M$0x101000000' "a reserved range that is not aligned" note \
	"contains 384M .*from 0x108000000" multiples
memmap '1G$0x4000000000' "a reserved range without RAM" warning \
	"reported no RAM" System.RAM
over /proc/cmdline "$cmdline memmap=exactmap,1G@0 memmap=64K#0x1000"
}
healthy "other memmap options are fine"
over_end /proc/cmdline

# --- the kernel's memory -----------------------------------------------------

finds_with /proc/zoneinfo "$(zones 500 1000 4000)" "much is movable" \
	warning movable "is 3.99 times" online_kernel
finds_with /proc/zoneinfo "$(zones 500 1000 17000)" "too much is movable" \
	problem movable "is 16.98 times" online_kernel
finds_with /proc/zoneinfo "$(zones 25 1000 0)" "not all can be plugged" \
	warning headroom "takes 34M of kernel memory, and 25M" "plug less"
finds_with /proc/zoneinfo "$(zones 17 1000 0)" "nothing can be plugged" \
	problem headroom "only 17M is available" "free memory"
finds_with /sys/devices/system/node/possible 0-3 "a node can come online" \
	note nodes "nodes 0-3, of which only 0" "new node"
tiers=/sys/devices/virtual/memory_tiering
if [ -d $tiers ]; then
	mount -t tmpfs none $tiers
	mkdir $tiers/memory_tier4 $tiers/memory_tier22
	echo 0 >$tiers/memory_tier4/nodelist
	healthy "one memory tier is fine"
	echo 1-2 >$tiers/memory_tier22/nodelist
	finds "two memory tiers" note tiers "tier 4: nodes 0" "--node"
	umount $tiers
else
	skip "two memory tiers" "this kernel has no memory tiers"
fi

# --- devices -----------------------------------------------------------------

for type in online_kernel online offline system; do
	put_dev online_type $type >/dev/null
	finds "online_type $type" note online "online_type=$type: .*memdev0 " \
		"online_type=online_movable"
done
put_dev online_type online_movable >/dev/null
healthy "online_movable is fine"
is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
if grep -qw disk /sys/power/state; then
	finds "hibernation is refused" note hibernation "memory is plugged" unplug
else
	skip "hibernation is refused" "this kernel cannot hibernate"
fi
finds_with /proc/meminfo "$(meminfo_with MemAvailable 1024)" \
	"little memory is available" warning available "only 1M" "free memory"
large=/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages
if [ -e $large ]; then
	finds_with $large 2 "pages of 1 GiB" note hugepages "2 pages of 1 GiB" free
else
	skip "pages of 1 GiB" "this machine has none"
fi
runs "a fault rule" fault add 0 remove --errno EIO --nth 99
finds "there is a fault rule" note faults "memdev0: steps fail or take long" \
	"^memdevctl fault del memdev0 all$"
runs "the fault rule is deleted" fault del 0 all
first=$(first_block)
put "$MEM/memory$((first + 1))/state" offline >/dev/null
finds "a plugged block is offline" warning offline \
	"memdev0: block 1 is plugged, but offline" "^memdevctl online memdev0$"
put_dev online_type offline >/dev/null
finds "a block stays offline as wanted" note offline "online_type=offline" .
put_dev online_type online_kernel >/dev/null
is "plug a block in a kernel zone" "$(put_dev plug $BLOCK)" ok
finds "a block is in a kernel zone" note kernel "memdev0: block 2 is " unplug
put_dev online_type online_movable >/dev/null
put_dev unplug all >/dev/null
is "all is unplugged" "$(get plugged_size)" 0

set_faults "add errno=ENOMEM"
is "request a block" "$(put_dev requested_size $BLOCK)" ok
finds "the requested size is not reached" warning requested \
	"memdev0: 0 is plugged, 128M is requested" "memdevctl resize memdev0 0$"
set_faults
is "request nothing" "$(put_dev requested_size 0)" ok
healthy "nothing is left of devices' findings"

is "a plug is refused" "$(put_dev plug 1)" EINVAL
finds "the last request failed" note refused \
	"memdev0: the last request failed: 1 is not a multiple" "repeat the request"
is "plug a block" "$(put_dev plug $BLOCK)" ok
finds "a request that succeeds ends the note" ok refused "no device" none
is "poison a page" "$(faults "poison block=0")" ok
is "unplug the block" "$(put_dev unplug all)" ok
finds "a block is retired" warning retired "memdev0: block 0 is retired" replace

# --- users other than root ---------------------------------------------------

setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
	--bounding-set=-all memdevctl doctor -J --all >"$TMP/out" 2>"$TMP/err"
is "doctor works for nobody" "$?$(cat "$TMP/err")" 0
check "nobody sees devices" has warning retired "memdev0: block 0" replace
unload
setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
	--bounding-set=-all memdevctl doctor -J --all >"$TMP/out" 2>"$TMP/err"
is "doctor works for nobody without the module" "$?$(cat "$TMP/err")" 0
check "what nobody cannot see is not checked" \
	has note windows "not checked: needs root" "as root"

# --- windows -----------------------------------------------------------------

load window=none || die "window=none was refused"
finds "there is no window" warning windows "there is no window" "claim the unused"
finds "the reserved memory is free" note windows "^1G of RAM at 0x100000000" \
	"^memdevctl window add 1G --start 0x100000000$"
unload
load window=512M@0x100000000 || die "a window of 512M was refused"
finds "a part is free" note windows "^512M of RAM at 0x120000000" "add 512M"
is "a window takes the rest" "$(put $BUS/new_window 512M@0x120000000)" ok
healthy "all of the reserved memory is used"
is "carve a block" "$(put $BUS/new_window $BLOCK)" ok
note_carved
finds "hibernation is refused for a carved window" note hibernation \
	"a window is carved" delete
finish
