#!/usr/bin/env bash
# Brings the packages of a node that has no pods to lose to what its sources hold, the kernel among them, and starts the
# machine again. OS_UPDATE: any text; with that of the last update nothing is left to do.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"

UPDATED=$STATE/os-update
# In memory: gone once the machine has started again.
RESTARTING=$ROOT/run/platform-os-update

# restart returns before the machine ends. Until then nobody else is let in, whose step would be cut off; should the machine
# not end at all, SSH comes back.
restart() {
	say "starting the machine again"
	systemctl stop ssh.socket ssh.service
	systemd-run --quiet --collect --on-active=300 systemctl start ssh.service
	systemd-run --quiet --collect --on-active=5 systemctl reboot
}

alone "$SCRIPT"
if ! kept "$UPDATED" "$OS_UPDATE"; then
	say "updating the packages of this node"
	finish_packages
	update_lists
	# Kubernetes' own packages and the container runtime are on hold: they follow kubernetesVersion and containerdVersion.
	logged os-update apt_get full-upgrade ||
		fail "the packages of this node cannot be updated" "read what apt says, then run pulumi up again" cat "$LOGS/os-update.log"
	install -d -m 0755 "${RESTARTING%/*}"
	: >"$RESTARTING"
	printf '%s\n' "$OS_UPDATE" | keep "$UPDATED"
	sync "$UPDATED" "$STATE"
fi
if [[ -e $RESTARTING ]]; then
	restart
else
	say "this node has started with the packages of $OS_UPDATE"
fi
