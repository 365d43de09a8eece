#!/bin/sh
# Writes a configuration file for each template, with variables of the environment in place of their names. A name
# that is no variable stays as it is: nginx has variables of the same form.
set -eu

templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
filter=${NGINX_ENVSUBST_FILTER:-}

[ -d "$templates" ] || exit 0
if [ ! -w "$output" ]; then
	echo "templates: $output is not writable, none is used" >&2
	exit 0
fi

# shellcheck disable=SC2016 # ${NAME} is for envsubst to read
names=$(awk -v filter="$filter" 'BEGIN { for (name in ENVIRON) if (name ~ filter) printf "${%s} ", name }')

find "$templates" -follow -type f -name "*$suffix" -not -path '*/..*' | sort | while read -r template; do
	relative=${template#"$templates/"}
	target=$output/${relative%"$suffix"}
	mkdir -p "$(dirname "$target")"
	envsubst "$names" <"$template" >"$target"
done
