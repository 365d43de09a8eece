#!/usr/bin/env bash
# Gives the cluster the resource types of CloudNativePG, which its manifest defines. All else of it are objects of the program. VERSION,
# MANIFEST_URL, MANIFEST_SHA256.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=version.sh
source "${BASH_SOURCE[0]%/*}/version.sh"
# shellcheck source-path=SCRIPTDIR source=published.sh
source "${BASH_SOURCE[0]%/*}/published.sh"

OWNER=CloudNativePG
DIRECTORY=$STATE/cloudnative-pg
MANIFEST=$DIRECTORY/manifest.yaml
DEFINITIONS=$DIRECTORY/definitions.yaml
# On each definition, the version that it is of: the cluster itself knows how far it has come, also after a restore.
ANNOTATION=ecommerce-platform/version

# definitions prints the documents of the manifest that define types.
definitions() {
	awk '
		FNR == 1 { document = 0 }
		/^---$/ { document++ }
		NR == FNR { if (/^kind: CustomResourceDefinition$/) wanted[document]; next }
		document in wanted
	' "$MANIFEST" "$MANIFEST"
}

# select_definitions writes them down as the cluster is to have them.
select_definitions() {
	definitions >"$DEFINITIONS.new"
	[[ -s $DEFINITIONS.new ]] ||
		fail "the manifest of $OWNER defines no resource types" "use the version in the defaults" grep --count '^kind: ' "$MANIFEST"
	kubectl annotate --local --filename "$DEFINITIONS.new" "$ANNOTATION=$VERSION" --output yaml >"$DEFINITIONS" 2>"$LOGS/definitions.log" ||
		fail "the resource types of $OWNER cannot be read" "use the version in the defaults" cat "$LOGS/definitions.log"
	rm "$DEFINITIONS.new"
}

# newest prints the newest version of which the cluster has a definition, or nothing where it has none.
newest() {
	local versions
	versions=$(admin get --filename "$DEFINITIONS" --ignore-not-found \
		--output "jsonpath={range .items[*]}{.metadata.annotations.$ANNOTATION}{\"\\n\"}{end}") || return 1
	sort --version-sort <<<"$versions" | tail -n 1
}

# An older definition may not know what objects of a newer one hold, and the API server drops that of them.
check_definitions() {
	wait_for 120 newest ||
		fail "the API server does not tell which resource types it has: $LAST" "look at its log, then run pulumi up again"
	[[ -z $LAST ]] || check_forward cloudNativePGVersion "$VERSION" "$LAST" "the cluster"
}

alone "$SCRIPT"
install -d -m 0700 "$DIRECTORY"
fetch_manifest "$OWNER" "$MANIFEST" "cloudNativePGVersion and cloudNativePGManifestSha256"
select_definitions
check_definitions
say "applying the resource types of $OWNER"
apply_manifest "$OWNER" "$DEFINITIONS"
await_served "$OWNER" definitions --filename "$DEFINITIONS"
say "the resource types of $OWNER are there"
