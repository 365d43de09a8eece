#!/usr/bin/env bash
# Runs a pod under this node's kubelet alone, or ends it. ACTION=install|remove, MANIFEST (file
# name), HEALTH (URL that answers once the pod works; for install).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

TARGET=$KUBERNETES/manifests/$MANIFEST

pod_answers() {
	curl --silent --show-error --fail --max-time 5 --output /dev/null "$HEALTH"
}

evidence() {
	crictl --timeout 10s ps --all --name "${MANIFEST%.yaml}"
	journalctl --unit kubelet --lines 15 --no-pager
}

alone "$SCRIPT-$MANIFEST"
case $ACTION in
install)
	install -d -m 0755 "${TARGET%/*}"
	place "$FILES/$MANIFEST" "$TARGET" 0600
	[[ -z $CHANGED ]] || say "starting ${MANIFEST%.yaml}"
	wait_for 300 pod_answers ||
		fail "$HEALTH does not answer after 5 minutes: $LAST" \
			"the lines above say why; the image comes from its registry or from mirrors.images" evidence
	say "${MANIFEST%.yaml} answers"
	;;
remove)
	rm -f "$TARGET"
	say "${MANIFEST%.yaml} ends"
	;;
*)
	fail "ACTION is $ACTION" "use install or remove"
	;;
esac
