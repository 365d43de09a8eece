package cluster

import (
	"net/url"
	"strings"
	"unicode"
)

// OIDC is who vouches for people to the API server, besides the cluster's own certificates. The zero value is nobody.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
type OIDC struct {
	// IssuerURL is that of the issuer, "https://login.example.com"; its tokens name it as iss.
	IssuerURL string `json:"issuerUrl"`
	// ClientID is whom tokens must be meant for.
	ClientID string `json:"clientId"`
	// UsernameClaim and GroupsClaim are where a token says who the user is and of which groups.
	UsernameClaim string `json:"usernameClaim"`
	GroupsClaim   string `json:"groupsClaim"`
}

// oidcPrefix begins the names of the issuer's users and groups, so that none is taken for one of the cluster's own.
const oidcPrefix = "oidc:"

// arguments are the API server's.
func (o OIDC) arguments() []argument {
	if o.IssuerURL == "" {
		return nil
	}
	return []argument{
		{"oidc-issuer-url", o.IssuerURL},
		{"oidc-client-id", o.ClientID},
		{"oidc-username-claim", o.UsernameClaim},
		{"oidc-username-prefix", oidcPrefix},
		{"oidc-groups-claim", o.GroupsClaim},
		{"oidc-groups-prefix", oidcPrefix},
	}
}

func (p *problems) oidc(o OIDC) {
	if o.IssuerURL == "" {
		if o.ClientID != "" {
			p.Addf("oidc.clientId %q: has no use without oidc.issuerUrl", o.ClientID)
		}
		return
	}
	if u, err := url.Parse(o.IssuerURL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !oneLine(o.IssuerURL) {
		p.Addf("oidc.issuerUrl %q: not an https URL such as https://login.example.com", o.IssuerURL)
	}
	for _, field := range []struct{ key, value string }{
		{"clientId", o.ClientID}, {"usernameClaim", o.UsernameClaim}, {"groupsClaim", o.GroupsClaim},
	} {
		switch {
		case field.value == "":
			p.Addf("oidc.%s <unset>: required, because oidc.issuerUrl is set", field.key)
		case !oneLine(field.value):
			p.Addf("oidc.%s %q: must be on one line", field.key, field.value)
		}
	}
}

// oneLine tells whether a text is there, without what would break a line or stand before or after it unseen.
func oneLine(text string) bool {
	return text != "" && strings.TrimSpace(text) == text && !strings.ContainsFunc(text, unicode.IsControl)
}
