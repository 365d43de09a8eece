package rules

import (
	"net/url"
	"regexp"
	"strings"
)

var (
	// secretName finds names of secrets. They end in the word: PASSWORD_FILE and TOKEN_TTL say where and how long.
	secretName = regexp.MustCompile(`(?i)(^|[^a-z])(password|passwd|passphrase|pwd|secret|token|credentials?)$` +
		`|(?i)(api|access|private|secret|account|encryption|signing)[-_.]?key$` +
		`|(password|passwd|passphrase|secret|token)$`)
	// camelWord is where a word starts in a name such as databasePassword.
	camelWord = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	pemBlock  = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`)
	// assignment gives a value to a name, as NAME=value or --name=value; option does it as --name value.
	assignment = regexp.MustCompile(`(?:^|[\s;&|("'])(?:--?)?([A-Za-z][A-Za-z0-9_.-]*)=` + value)
	option     = regexp.MustCompile(`(?:^|\s)--?([A-Za-z][A-Za-z0-9_.-]*) ` + value)
	embedded   = regexp.MustCompile(`[a-z][a-z0-9+.-]*://[^\s'"]+`)
	// accessKey is the identifier of a long-term or temporary AWS key.
	accessKey = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`)
	// bearer is a header with a token in it.
	bearer = regexp.MustCompile(`(?i)\bauthorization:\s*(bearer|basic)\s+[a-z0-9._~+/=-]{8,}`)
)

const value = `(?:'([^']*)'|"([^"]*)"|([^\s'";&|)]+))`

// namesSecret tells whether a variable, key or option of this name holds a secret.
func namesSecret(name string) bool {
	return secretName.MatchString(camelWord.ReplaceAllString(name, "${1}_${2}"))
}

// secretIn says what in a text that others can read is a secret, or nothing.
func secretIn(text string) string {
	switch {
	case pemBlock.MatchString(text):
		return "a private key"
	case accessKey.MatchString(text):
		return "an AWS access key"
	case bearer.MatchString(text):
		return "an authorization header"
	}
	for _, match := range embedded.FindAllString(text, -1) {
		if address, err := url.Parse(match); err == nil && address.User != nil {
			if password, set := address.User.Password(); set && literal(password) {
				return "a URL with a password"
			}
		}
	}
	for _, form := range []*regexp.Regexp{assignment, option} {
		for _, match := range form.FindAllStringSubmatch(text, -1) {
			if given := match[2] + match[3] + match[4]; holdsSecret(match[1], given) {
				return "a value of " + match[1]
			}
		}
	}
	return ""
}

// switched are values of a name that says whether there is a secret, such as ALLOW_EMPTY_PASSWORD=yes.
var switched = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off)$`)

// switchName finds names that say so, whose value may be a number as well.
var switchName = regexp.MustCompile(`(?i)(^|[^a-z])(allow|random|no|enable|disable|require|use|generate|skip)[-_.]`)

// holdsSecret tells whether what has this name has a secret for its value.
func holdsSecret(name, value string) bool {
	return namesSecret(name) && literal(value) && !switched.MatchString(value) &&
		(value != "0" && value != "1" || !switchName.MatchString(camelWord.ReplaceAllString(name, "${1}_${2}")))
}

// literal tells a value from a reference to one: a variable, a substitution, a file.
func literal(value string) bool {
	return value != "" && !strings.HasPrefix(value, "$") && !strings.HasPrefix(value, "/") &&
		!strings.HasPrefix(value, "<") && !strings.HasPrefix(value, "`") && !strings.HasPrefix(value, "-")
}
