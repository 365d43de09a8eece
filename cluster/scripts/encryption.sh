#!/usr/bin/env bash
# Sourced by init.sh: the key with which the API server encrypts Secrets in etcd. It is drawn on this machine and is nowhere but
# there and in backups. SECRETS_KEY_ROTATION, any text, gives it its name: another text is another key.
# shellcheck disable=SC2153,SC2154 # variables of lib.sh and init.sh

ENCRYPTION=$KUBERNETES/pki/secrets-encryption.yaml

# key_name is as long as it takes for what etcd holds before the encrypted text to end where a group of base64 does.
key_name() {
	printf 'key-%.10s' "$(sha256sum <<<"${SECRETS_KEY_ROTATION:-}")"
}

# keys prints the keys in the file, each as NAME SECRET; with the first one Secrets are written, with all of them they are read.
keys() {
	[[ ! -s $ENCRYPTION ]] || awk '$2 == "name:" { name = $3 } $1 == "secret:" { print name, $2 }' "$ENCRYPTION"
}

# keep_keys makes the file of such lines. What was stored before there was a key can be read as it is.
keep_keys() {
	local name secret
	install -d -m 0755 "${ENCRYPTION%/*}"
	(
		umask 077
		{
			cat <<-'END'
				apiVersion: apiserver.config.k8s.io/v1
				kind: EncryptionConfiguration
				resources:
				  - resources: [secrets]
				    providers:
				      - secretbox:
				          keys:
			END
			while read -r name secret; do
				printf '            - name: %s\n              secret: %s\n' "$name" "$secret"
			done
			printf '      - identity: {}\n'
		} | keep "$ENCRYPTION"
	)
}

# draw_key makes the key that is asked for the first one. An API server that runs reads the file again within a minute.
draw_key() {
	local wanted known secret
	wanted=$(key_name)
	known=$(keys)
	[[ $known != "$wanted "* ]] || return 0
	say "making the key $wanted for Secrets"
	secret=$(sed -n "s/^$wanted //p" <<<"$known")
	[[ -n $secret ]] || secret=$(head --bytes 32 /dev/urandom | base64 --wrap 0)
	{
		printf '%s %s\n' "$wanted" "$secret"
		sed "/^$wanted /d; /^$/d" <<<"$known"
	} | keep_keys
}

# stored_secrets prints what etcd holds below the keys of Secrets.
stored_secrets() {
	local pki=/etc/kubernetes/pki/etcd
	timeout 120 kubectl --kubeconfig "$KUBERNETES/admin.conf" --namespace kube-system exec "etcd-$NODE_NAME" -- \
		etcdctl --endpoints https://127.0.0.1:2379 --cacert "$pki/ca.crt" --cert "$pki/healthcheck-client.crt" \
		--key "$pki/healthcheck-client.key" get --prefix /registry/secrets/ --write-out json
}

# encrypted tells whether every Secret in etcd is written with the present key, and prints how many are not.
encrypted() {
	local prefix
	prefix=$(printf 'k8s:enc:secretbox:v1:%s:' "$(key_name)" | base64 --wrap 0)
	stored_secrets | awk -v RS=, -v value="\"value\":\"$prefix" '
		/"key":/ { secrets++ }
		index($0, value) { written++ }
		END { print secrets - written, "of", secrets + 0, "Secrets are not written with it"; exit secrets != written }'
}

# rewrite lets the API server write every Secret again, which it does to those that are not written with its first key.
rewrite() {
	encrypted && return 0
	admin get secrets --all-namespaces --output json | admin replace --filename - >/dev/null && encrypted
}

# encrypt_secrets brings every Secret in etcd under the present key, and then lets go of older ones.
encrypt_secrets() {
	encrypted >/dev/null 2>&1 || say "encrypting Secrets with the key $(key_name)"
	wait_for 300 rewrite ||
		fail "Secrets are not encrypted with the key $(key_name): $LAST" "look at the API server's log, then run pulumi up again" \
			admin get --raw=/readyz?verbose
	(($(keys | wc --lines) == 1)) || keys | head --lines 1 | keep_keys
}
