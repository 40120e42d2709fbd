# SPDX-License-Identifier: GPL-2.0
#
# Read a test's TAP output and print "passed failed skipped" and, if the run as a whole
# failed or was skipped, the reason. The variable rc is the test's status: 4 means
# skipped, 124 time limit, 125 a report by the kernel.

{ sub(/\r$/, "") }

/^1\.\.[0-9]+/ {
	if (plan != "")
		why = "more than one plan"
	plan = substr($1, 4) + 0
	if (match($0, /# *[Ss][Kk][Ii][Pp] */))
		whole_skip = substr($0, RSTART + RLENGTH)
	next
}

/^(not )?ok([ \t]|$)/ {
	bad = /^not /
	number = bad ? $3 : $2
	points++
	if (number ~ /^[0-9]+$/ && number + 0 != points)
		why = "point " points " has number " number
	if (/# *([Tt][Oo][Dd][Oo]|XFAIL)/ || !bad && /# *[Ss][Kk][Ii][Pp]/)
		skipped++
	else if (bad)
		failed++
	else
		passed++
	next
}

/^# *SKIP|^SKIP:|^# .*\[SKIP\]/ { skip_text = $0 }

/^Bail out!/ { why = $0 }

END {
	if (points == 0 && why == "" &&
	    (rc == 4 || plan == 0 && plan != "" && rc == 0)) {
		sub(/^#? *SKIP:? */, "", skip_text)
		if (whole_skip == "")
			whole_skip = skip_text
		if (whole_skip == "")
			whole_skip = "no reason given"
		print 0, 0, 1, "skipped: " whole_skip
		exit
	}
	if (why == "" && rc == 124)
		why = "time limit"
	if (why == "" && rc == 125)
		why = "see below"
	if (why == "" && plan == "")
		why = "no plan"
	if (why == "" && plan != points)
		why = points + 0 " of " plan " points"
	if (why == "" && rc != 0 && rc != 4 && !failed)
		why = "exit status " rc
	if (why != "")
		failed++
	print passed + 0, failed + 0, skipped + 0, why
}
