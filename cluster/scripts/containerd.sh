#!/usr/bin/env bash
# Sourced by the scripts that run the container runtime with its settings, after lib.sh.
# shellcheck disable=SC2154 # variables of lib.sh

containerd_answers() {
	ctr --connect-timeout 5s version
}

# run_containerd makes the runtime run with the present settings. A restart leaves containers alone.
run_containerd() {
	# Noted once containerd runs with them: a run that died before the restart left settings that are not in force.
	local config=$ROOT/etc/containerd/config.toml running=$STATE/containerd-runs-with
	place "$FILES/containerd.toml" "$config" 0644
	if ! kept "$running" "$(<"$config")"; then
		say "restarting containerd with its new settings"
		systemctl daemon-reload
		systemctl restart containerd
		keep "$running" <"$config"
	else
		systemctl start containerd
	fi
	wait_for 90 containerd_answers ||
		fail "containerd does not answer: $LAST" "look at journalctl -u containerd on the node" \
			journalctl --unit containerd --lines 20 --no-pager
	# Other versions have other keys, and a key that is not known is silently ignored.
	local dump expected
	dump=$(containerd config dump)
	for expected in 'SystemdCgroup = true' /opt/cni/bin /etc/containerd/certs.d "$(sed -n 's/^ *sandbox = "\(.*\)"$/\1/p' "$config")"; do
		[[ $dump == *"$expected"* ]] ||
			fail "containerd did not take over the setting $expected" "set containerdVersion to the default" containerd --version
	done
}
