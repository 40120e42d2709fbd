# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Run QEMU, and boot again a VM that an emulated CPU has kept from booting. Only to be
# sourced, after lib.sh.
#
# The caller sets $tmp, a directory, $log, the file with the console, and $accel. Its VM
# writes its output to $tmp/out, and to $tmp/status a line "up" when its first process
# runs, and then a line each ten seconds. tty is set if QEMU uses the terminal.

# Maximum number of boots, if an emulated CPU crashes in each of them
BOOTS_MAX=5

# Time limits in seconds: of a boot without output, of a boot in total, and of a VM
# whose processes do not run. Even a slow machine needs only a tenth of these.
BOOT_QUIET=120
BOOT_MAX=600
ALIVE_QUIET=300
# An emulated VM may happen to run ten times slower than others, from its start to its
# end. If it takes this many seconds to boot, boot it again, but only twice: the machine
# may be slow. A debug kernel boots in 80 s beside six other VMs on two processors.
BOOT_SLOW=150

qpid=

# launch LIMIT QEMU-ARGUMENT...: start QEMU in the background as $qpid, so that it ends
# with this script in any case
#
# Without "erms" the kernel does not clear pages bytewise, which is slow if emulated.
launch()
{
	local limit=$1
	shift

	setpriv --pdeathsig TERM \
		timeout ${tty:+--foreground} -s TERM -k 5 "$limit" \
		setpriv --pdeathsig KILL \
		qemu-system-x86_64 -machine q35 -cpu max,-erms \
		-display none -nodefaults -no-user-config -no-reboot \
		"$@" 2>"$tmp/qemu" &
	qpid=$!
}

booted()
{
	grep -q '^up' "$tmp/status"
}

# end_hung PID WHY: have the console show what the CPUs of a VM do, and end QEMU
#
# The NMI causes a panic, which prints a trace, unless the CPUs get no interrupts.
end_hung()
{
	echo "$2" >"$tmp/hung"
	# Opened for writing as well, so that no end waits for the other.
	exec 7<>"$tmp/monitor.out"
	printf 'info registers -a\nnmi\n' >"$tmp/monitor.in"
	sleep 20
	{
		echo "${0##*/}: no sign of life for $2"
		timeout 1 cat <&7 | grep -aE '^CPU#|^[RE]IP='
	} >>"$log"
	kill "$1" 2>/dev/null
}

# watch PID: end QEMU if the kernel does not start its first process, or no longer runs
# processes
watch()
{
	local end=$((SECONDS + BOOT_MAX)) file=$log max=$BOOT_QUIET quiet=0 size was=''

	while sleep 1 && kill -0 "$1" 2>/dev/null; do
		if grep -q '^slow ' "$tmp/status"; then
			kill "$1" 2>/dev/null
			return
		fi
		if [ "$file" = "$log" ] && booted; then
			file=$tmp/status max=$ALIVE_QUIET
		fi
		size=$(stat -c %s "$file")
		[ "$size" = "$was" ] && quiet=$((quiet + 1)) || quiet=0
		was=$size
		if [ $quiet -ge "$max" ]; then
			end_hung "$1" "$max s"
		elif [ "$file" = "$log" ] && [ $SECONDS -ge $end ]; then
			end_hung "$1" "$BOOT_MAX s"
		else
			continue
		fi
		return
	done
}

# complaints: print all bug reports of the kernel, each with its test
complaints()
{
	broken not_known | sed 's/^/  /'
}

# why_again: print why a VM that has ended has to boot again, unless memdev may have run
#
# While booting, an emulated CPU may execute code that the other is patching, and crash
# with an int3, or both may spin forever. On a busy host this may happen several times
# in a row.
why_again()
{
	if [ "$accel" != tcg ] || booted; then
		return 1
	elif [ -e "$tmp/hung" ]; then
		echo "started no process: $(cat "$tmp/hung")"
	elif grep -q '^slow ' "$tmp/status"; then
		echo "took $(sed -n 's/^slow //p' "$tmp/status" | tr -d '\r') s to boot"
	elif died_patching "$log"; then
		echo "crashed with an int3 while booting"
	elif died_stuck "$log"; then
		echo "had a CPU that was stuck while booting"
	else
		return 1
	fi
}

# boot LIMIT CMDLINE QEMU-ARGUMENT...: run a VM, print its output, changed by the command
# $strip, and set qrc to QEMU's status
boot()
{
	local limit=$1 cmdline=$2 slow=0 tries watcher why
	shift 2

	mkfifo "$tmp/monitor.in" "$tmp/monitor.out"
	for tries in $(seq $BOOTS_MAX); do
		[ $slow -lt 2 ] || cmdline="$cmdline memdev-vm.slow"
		: >"$tmp/out"
		: >"$tmp/status"
		rm -f "$tmp/hung"
		launch "$limit" "$@" -append "$cmdline" \
			-chardev "pipe,id=monitor,path=$tmp/monitor" -mon monitor \
			</dev/null
		watch "$qpid" &
		watcher=$!
		# In the background, as the shell handles signals during wait only.
		# shellcheck disable=SC2086 # words
		tail -n +1 -s 0.1 -f --pid="$qpid" "$tmp/out" 2>/dev/null |
			${strip:-cat} &
		wait $!
		wait "$qpid"
		qrc=$?
		[ ! -e "$tmp/hung" ] || wait "$watcher"
		if [ "$tries" = $BOOTS_MAX ] || ! why=$(why_again); then
			break
		fi
		! grep -q '^slow ' "$tmp/status" || slow=$((slow + 1))
		cp "$log" "$log.died"
		say "${0##*/}: the kernel $why, booting it again ($log.died)"
		# Mark complaints of this boot, which do not count.
		complaints | head -n 45 | sed 's/^/  previous boot:/' >&2
	done
	qpid=
}
