#!/usr/bin/env bash
# Sourced by the scripts that end services of the node.

# end_units UNIT... stops them, now and for the next boots. One that is not there has ended.
end_units() {
	local unit
	for unit in "$@"; do
		systemctl cat "$unit" >/dev/null 2>&1 || continue
		logged disable systemctl --quiet disable --now "$unit" ||
			fail "$unit cannot be stopped" "see systemctl status $unit on the node, then run pulumi up again" cat "$LOGS/disable.log"
	done
}
