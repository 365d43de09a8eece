package monitoring

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ecommerce-platform/infra/boundary"
)

// Alerting are the alerting key of the configuration: who is told of alerts. All of it is treated as a secret. Without any receiver
// alerts are only shown.
type Alerting struct {
	// Webhook is the URL that gets every alert as JSON. Optional.
	// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
	Webhook string `json:"webhook"`
	Email   Email  `json:"email"`
	Slack   Slack  `json:"slack"`
}

// Email is who is told by e-mail. Optional as a whole.
type Email struct {
	// Smarthost takes it, with TLS: "smtp.example.com:587".
	Smarthost string `json:"smarthost"`
	From      string `json:"from"`
	// To are addresses, with a comma between two.
	To string `json:"to"`
	// Username and Password log in at the smarthost. Optional.
	Username string `json:"username"`
	Password string `json:"password"`
}

// Slack is the channel that is told. Optional as a whole.
type Slack struct {
	// URL is that of an incoming webhook: "https://hooks.slack.com/services/...".
	URL     string `json:"url"`
	Channel string `json:"channel"` // "#shop-alerts"
}

// Validate returns everything that is wrong with the receivers. No value is told.
func (a Alerting) Validate() []error {
	p := boundary.Problems{}
	if a.Webhook != "" && portOf(a.Webhook) == 0 {
		p.Addf("alerting.webhook <secret>: not an http or https URL")
	}
	if a.Email != (Email{}) {
		a.Email.validate(&p)
	}
	if a.Slack != (Slack{}) {
		if portOf(a.Slack.URL) == 0 {
			p.Addf("alerting.slack.url <secret>: not an http or https URL")
		}
		if a.Slack.Channel == "" {
			p.Addf("alerting.slack.channel <unset>: required for alerting.slack.url")
		}
	}
	return p.Found()
}

func (e Email) validate(p *boundary.Problems) {
	if e.port() == 0 {
		p.Addf("alerting.email.smarthost <secret>: not a host and a port, such as smtp.example.com:587")
	}
	if _, err := mail.ParseAddress(e.From); err != nil {
		p.Addf("alerting.email.from <secret>: not an e-mail address")
	}
	if _, err := mail.ParseAddressList(e.To); err != nil {
		p.Addf("alerting.email.to <secret>: not e-mail addresses, with a comma between two")
	}
	if (e.Username == "") != (e.Password == "") {
		p.Addf("alerting.email.username <secret>: goes with alerting.email.password, set both or neither")
	}
}

// port is that of the smarthost, or 0.
func (e Email) port() int {
	host, number, _ := strings.Cut(e.Smarthost, ":")
	if host == "" {
		return 0
	}
	return numbered(number)
}

// portOf is the port of an http or https URL, or 0.
func portOf(text string) int {
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" {
		return 0
	}
	known := map[string]int{"http": 80, "https": 443}[address.Scheme]
	if known == 0 || address.Port() == "" {
		return known
	}
	return numbered(address.Port())
}

// numbered is a port by its number, or 0.
func numbered(text string) int {
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > 65535 {
		return 0
	}
	return number
}

// ports are where the receivers are reached, each once.
func (a Alerting) ports() []int {
	found := []int{portOf(a.Webhook), a.Email.port(), portOf(a.Slack.URL)}
	slices.Sort(found)
	return slices.DeleteFunc(slices.Compact(found), func(port int) bool { return port == 0 })
}
