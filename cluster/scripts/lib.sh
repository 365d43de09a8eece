#!/usr/bin/env bash
# Sourced by every script: how they report, wait, give up, and keep out of each other's way.
# shellcheck disable=SC2034 # some variables are for the scripts
set -Eeuo pipefail

# Tests run the scripts on a directory instead of the machine.
ROOT=${PLATFORM_ROOT:-}
# Whatever is uploaded meanwhile, a script goes on in the version that it began with: it leaves the link to the present one
# behind, and its lock keeps the version's directory.
if [[ $0 != "$(readlink -f "$0")" ]]; then
	exec bash "$(readlink -f "$0")" "$@"
fi
exec 8<"${BASH_SOURCE[0]%/*}"
flock --shared --nonblock 8 || true
FILES=$ROOT/opt/platform/etc
if [[ -z $ROOT && -d ${BASH_SOURCE[0]%/*}/../etc ]]; then
	FILES=${BASH_SOURCE[0]%/*}/../etc
fi
STATE=$ROOT/var/lib/platform
LOGS=$ROOT/var/log/platform
KUBERNETES=$ROOT/etc/kubernetes
POLL=${PLATFORM_POLL:-2}
# So many seconds of a wait count as its beginning.
QUICK=5
export LC_ALL=C.UTF-8

SCRIPT=${0##*/}
DOING=starting
LAST=
CHANGED=

# say SENTENCE... tells the person who watches what happens now.
say() {
	DOING=$*
	printf '%s: %s\n' "${SCRIPT%.sh}" "$*" >&2
}

# detail COMMAND... shows the end of what a command prints, indented, whether it succeeds or not.
detail() {
	{ "$@" 2>&1 || true; } | tail -n 40 | awk '{ print "    " $0 }' >&2
}

# fail WHAT REMEDY [COMMAND...] ends the script, with a command's output as evidence.
fail() {
	trap - ERR TERM
	printf '%s: FAILED: %s\n' "${SCRIPT%.sh}" "$1" >&2
	if (($# > 2)); then
		detail "${@:3}"
	fi
	printf '%s: what to do: %s\n' "${SCRIPT%.sh}" "$2" >&2
	exit 1
}

# shown passes on what a script prints for people. The command provider waits without end where a line is longer than 64 KiB,
# and fails where a text is not UTF-8.
shown() {
	local line
	trap '' INT TERM # why a script ends is told at its end
	while IFS= read -r line || [[ -n $line ]]; do
		line=${line:0:4000}
		printf '%s\n' "${line//[^[:print:][:blank:]]/}"
	done
}

exec 2> >(shown >&2)

trap 'fail "line $LINENO, while $DOING: $BASH_COMMAND" "read the lines above, then run pulumi up again: every step can be repeated"' ERR
trap 'fail "stopped at its time limit while $DOING" "see what is slow on the node, then run pulumi up again: every step can be repeated"' TERM

# wait_for SECONDS COMMAND... repeats a command until it succeeds, often at first, since most waits are short; LAST is
# what it printed last.
wait_for() {
	local begin=$SECONDS end=$((SECONDS + ${PLATFORM_WAIT:-$1})) pause
	shift
	until LAST=$("$@" 2>&1); do
		if ((SECONDS >= end)); then
			return 1
		fi
		pause=$POLL
		if ((SECONDS - begin < QUICK)); then
			pause=0.2
		fi
		sleep "$pause"
	done
}

# logged NAME COMMAND... keeps a command's output in a file of the node.
logged() {
	"${@:2}" >"$LOGS/$1.log" 2>&1
}

# alone NAME makes sure that a run which was cancelled by the user, but goes on here, is over.
alone() {
	install -d -m 0700 "$STATE" "$LOGS"
	exec 9>"$STATE/$1.lock"
	if ! flock --wait "${PLATFORM_LOCK_WAIT:-600}" 9; then
		fail "an earlier run of $SCRIPT is still at work" "wait for it to end, then run pulumi up again" \
			pgrep --full --list-full "$SCRIPT"
	fi
}

# place SOURCE TARGET MODE copies a file unless it is there already, all of it or nothing; CHANGED tells which. Until it is
# whole, its name is one that kubelet, containerd, apt and systemd do not read.
place() {
	local new=${2%/*}/.${2##*/}.new
	CHANGED=
	if ! cmp --silent "$1" "$2"; then
		install -D -m "$3" "$1" "$new"
		sync "$new"
		mv "$new" "$2"
		CHANGED=yes
	fi
}

# keep FILE writes down what comes on stdin, all of it or nothing. It is on the disk before anything is built on it.
keep() {
	cat >"$1.new"
	sync "$1.new"
	mv "$1.new" "$1"
	sync "${1%/*}"
}

# kept FILE TEXT tells whether that text was written down last.
kept() {
	[[ -e $1 && $(<"$1") == "$2" ]]
}

# embedded FILE FIELD prints a certificate or a key that a kubeconfig holds.
embedded() {
	sed -n "s/^ *$2: *//p" "$1" | base64 --decode
}

# fetch URL FILE downloads a file. It is patient with a network that is not there yet, not with an
# answer that says no; LAST is the reason.
fetch() {
	rm -f "$2"
	wait_for 240 fetch_once "$@" && [[ -s $2 ]]
}

fetch_once() {
	local code=0
	curl --silent --show-error --fail --location --retry 3 --max-time 60 --output "$2.new" "$1" || code=$?
	case $code in
	0) mv "$2.new" "$2" ;;
	22) ;; # an HTTP status of 400 or more
	*) return "$code" ;;
	esac
}

# admin COMMAND... runs kubectl as the cluster's administrator; no call hangs.
admin() {
	kubectl --kubeconfig "$KUBERNETES/admin.conf" --request-timeout=20s "$@"
}

# rolled_out NAMESPACE WORKLOAD waits half a minute for a rollout, for wait_for to repeat: a Deployment whose progress
# deadline has passed is given up at once, although its pods may come yet.
rolled_out() {
	timeout 35 kubectl --kubeconfig "$KUBERNETES/admin.conf" --namespace "$1" rollout status "$2" --timeout 30s
}

kubelet_healthy() {
	curl --silent --show-error --fail --max-time 5 http://127.0.0.1:10248/healthz
}

# refresh_kubelet brings a running kubelet to the settings that the cluster holds.
refresh_kubelet() {
	# Until the kubelet runs with what is written now, a file keeps what it was started with: a run may die in between.
	local config=$ROOT/var/lib/kubelet/config.yaml running=$STATE/kubelet-runs-with
	[[ -s $running ]] || sha256sum "$config" | keep "$running"
	logged kubelet-config timeout 120 kubeadm upgrade node phase kubelet-config ||
		fail "kubeadm could not write the kubelet's settings" "read what it says, then run pulumi up again" \
			cat "$LOGS/kubelet-config.log"
	if [[ $(<"$running") != "$(sha256sum "$config")" ]]; then
		say "restarting the kubelet with its new settings"
		systemctl restart kubelet
	fi
	rm -f "$running"
	wait_for 120 kubelet_healthy ||
		fail "the kubelet does not answer: $LAST" "look at journalctl -u kubelet; a setting under kubelet may be wrong" \
			journalctl --unit kubelet --lines 20 --no-pager
}

# There from before kubeadm init until the cluster is initialized: the data of etcd that lie here meanwhile are no cluster's yet.
INITIALIZING=$STATE/initializing

# reset_node takes away what an unfinished kubeadm run left, and nothing that may be a cluster.
reset_node() {
	[[ ! -e $ROOT/var/lib/etcd/member || -e $INITIALIZING ]] ||
		fail "this machine holds etcd's data, and nothing proves that they are an unfinished cluster's" \
			"see on the node why the cluster does not run; if it is to be given up, run kubeadm reset --force there" ls -l "$ROOT/var/lib/etcd/member" "$STATE"
	logged reset timeout 300 kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock ||
		fail "kubeadm reset failed" "reboot the node, then run pulumi up again" cat "$LOGS/reset.log"
}
