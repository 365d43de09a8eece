#!/usr/bin/env bash
# Sourced by the scripts that install a part of the cluster as its project publishes it, after lib.sh. MANIFEST_URL, MANIFEST_SHA256.

# checked FILE tells whether a file is the manifest.
checked() {
	sha256sum --check --status <<<"$MANIFEST_SHA256  $1"
}

# fetch_manifest OWNER FILE KEYS fetches the manifest of a project into a file, unless it is there. KEYS are those of the config that go
# with each other.
fetch_manifest() {
	if ! checked "$2" 2>/dev/null; then
		say "fetching $MANIFEST_URL"
		fetch "$MANIFEST_URL" "$2.unchecked" ||
			fail "the manifest of $1 cannot be fetched: $LAST" "let the control plane reach $MANIFEST_URL, or set mirrors.manifests"
		checked "$2.unchecked" ||
			fail "the checksum of $MANIFEST_URL is not $MANIFEST_SHA256" "$3 must go together" sha256sum "$2.unchecked"
		mv "$2.unchecked" "$2"
	fi
}

# Server-side, because definitions are too large for the annotation of a client-side apply.
apply() {
	admin apply --server-side --force-conflicts --field-manager platform --filename "$1"
}

# apply_manifest OWNER FILE makes the cluster have what a file says.
apply_manifest() {
	wait_for 120 apply "$2" ||
		fail "the manifest of $1 cannot be applied" "read what the API server says" printf '%s\n' "$LAST"
}

# await_served OWNER LOG DEFINITION... waits until the API server serves the resource types that kubectl is told of.
await_served() {
	logged "$2" timeout 150 kubectl --kubeconfig "$KUBERNETES/admin.conf" wait --for condition=Established --timeout 120s "${@:3}" ||
		fail "the resource types of $1 are not served" "look at the API server's log" cat "$LOGS/$2.log"
}
