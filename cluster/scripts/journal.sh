#!/usr/bin/env bash
# Hands this node's journal on to the agent that collects logs here, entry by entry, from its beginning; or ends that. The agent may
# be away. ACTION=install|remove.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source-path=SCRIPTDIR source=units.sh
source "${BASH_SOURCE[0]%/*}/units.sh"

UNIT=systemd-journal-upload.service
SETTINGS=$ROOT/etc/systemd/journal-upload.conf.d/platform.conf
RESTARTS=$ROOT/etc/systemd/system/$UNIT.d/platform.conf

alone "$SCRIPT"
case $ACTION in
install)
	if ! installed systemd-journal-remote; then
		say "installing systemd-journal-upload"
		update_lists
		install_packages systemd-journal-remote
	fi
	place "$FILES/journal-upload.conf" "$SETTINGS" 0644
	place "$FILES/journal-upload.service.conf" "$RESTARTS" 0644
	systemctl daemon-reload
	systemctl --quiet enable "$UNIT"
	# Where the agent is not there yet, it begins again by itself.
	systemctl --no-block restart "$UNIT"
	say "the journal of this node is handed on"
	;;
remove)
	say "the journal stays on this node alone"
	end_units "$UNIT"
	rm -f "$SETTINGS" "$RESTARTS"
	systemctl daemon-reload
	;;
*)
	fail "ACTION is $ACTION" "use install or remove"
	;;
esac
