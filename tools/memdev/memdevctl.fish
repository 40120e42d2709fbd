# SPDX-License-Identifier: GPL-2.0
#
# fish completion for memdevctl

function __memdevctl_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l replies (memdevctl __complete $words[2..-1] 2>/dev/null)
	if test "$replies" = :file
		__fish_complete_path $words[-1]
	else
		string join \n -- $replies
	end
end

complete -c memdevctl -f -a '(__memdevctl_complete)'
