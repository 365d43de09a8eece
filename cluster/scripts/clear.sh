#!/usr/bin/env bash
# Moves the pods of a node elsewhere before its machine stops, to become one of another type or to start with other packages.
# NODE_NAME; MACHINE_TYPE or OS_UPDATE; CONTROL_PLANE: the name of the node this runs on.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=evict.sh
source "${BASH_SOURCE[0]%/*}/evict.sh"
# shellcheck source-path=SCRIPTDIR source=turn.sh
source "${BASH_SOURCE[0]%/*}/turn.sh"

if [[ -n ${OS_UPDATE:-} ]]; then
	MARK=$UPDATED GOAL=$OS_UPDATE PURPOSE="whose packages are to be updated"
else
	MARK=$TYPE GOAL=$MACHINE_TYPE PURPOSE="whose machine is to be $MACHINE_TYPE"
fi

# look prints the Node's name, what it was last seen with and whether it is ready; nothing where there is no such Node.
look() {
	admin get node "$NODE_NAME" --ignore-not-found \
		--output "jsonpath={.metadata.name}={.metadata.annotations.$MARK}={.status.conditions[?(@.type==\"Ready\")].status}"
}

reopen() {
	local was
	was=$(annotation "$CHANGING") || return 1
	[[ -z $was ]] || open_after_change "$was"
}

empty() {
	say "moving pods away from $NODE_NAME, $PURPOSE"
	close_for_change
	if ! evict 600; then
		reopen >/dev/null || true
		fail "pods on $NODE_NAME cannot be moved elsewhere within 10 minutes, so its machine stays as it is" \
			"give another node the labels they need, or scale them down; $NODE_NAME takes pods again until then" blocking
	fi
	say "$NODE_NAME has no pods to lose"
}

alone "$SCRIPT-$NODE_NAME"
if [[ ! -s $KUBERNETES/admin.conf ]]; then
	say "there is no cluster yet that $NODE_NAME could be a node of"
	exit 0
fi
if ! wait_for 120 look; then
	# Another machine may be just what a control plane needs that does not answer. Its pods could not be moved in any case.
	[[ $NODE_NAME == "$CONTROL_PLANE" && $MARK == "$TYPE" ]] ||
		fail "the API server does not tell about $NODE_NAME, so its machine stays as it is: $LAST" "look at its log, then run pulumi up again"
	say "the API server does not answer, so nothing can be moved away from $NODE_NAME: $LAST"
	exit 0
fi
case $LAST in
'') say "the cluster has no node $NODE_NAME yet" ;;
"$NODE_NAME=$GOAL="*)
	wait_for 60 reopen || fail "$NODE_NAME cannot be opened for pods: $LAST" "see why the API server refuses that, then run pulumi up again"
	say "$NODE_NAME has what it is to have"
	;;
"$NODE_NAME=="*)
	if [[ $MARK == "$TYPE" ]]; then
		say "$NODE_NAME has not been seen on a machine yet"
	else
		empty
	fi
	;;
*"=True") empty ;;
*) say "$NODE_NAME is not ready, so nothing can be moved away from it" ;;
esac
