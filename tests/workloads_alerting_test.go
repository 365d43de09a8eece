package tests

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads/monitoring"
)

// workloadsToldAll tells everybody.
func workloadsToldAll() monitoring.Alerting {
	return monitoring.Alerting{
		Webhook: "https://alerts.example.com:8443/hook?token=hook-4711",
		Email: monitoring.Email{
			Smarthost: "smtp.example.com:587", From: "shop@example.com", To: "a@example.com, b@example.com", Username: "shop", Password: "mail-4711",
		},
		Slack: monitoring.Slack{URL: "https://hooks.slack.com/services/slack-4711", Channel: "#shop-alerts"},
	}
}

func TestWorkloadsAlerting(t *testing.T) {
	args := workloadsWatched()
	silent := pulumitest.Run(t, workloadsProgram(args))
	args.Alerting = workloadsToldAll()
	rec := pulumitest.Run(t, workloadsProgram(args))
	const file = `stringData["alertmanager.yml"]`
	name := workloadsWatch + "alertmanager"
	secret := func(rec *pulumitest.Recorder) *pulumitest.Resource {
		return rec.Get(t, "kubernetes:core/v1:Secret", name)
	}
	t.Run("everybody is told, and without receivers nobody", func(t *testing.T) {
		pulumitest.Golden(t, "workloads/alertmanager.yml", secret(rec).InputString(file))
		pulumitest.Golden(t, "workloads/alertmanager-silent.yml", secret(silent).InputString(file))
	})
	t.Run("no receiver stands outside of the Secret", func(t *testing.T) {
		assert.True(t, secret(rec).IsSecret(file))
		for _, part := range []string{"hook-4711", "mail-4711", "slack-4711", "alerts.example.com", "shop@example.com", "#shop-alerts"} {
			assert.Empty(t, rec.FindPlain(part))
		}
	})
	t.Run("another receiver is another Secret, and another pod", func(t *testing.T) {
		assert.NotEqual(t, secret(silent).Input("metadata.name"), secret(rec).Input("metadata.name"))
		volumes := rec.Get(t, workloadsDeployment, name).Input("spec.template.spec.volumes").([]any)
		assert.Contains(t, volumes, map[string]any{"name": "config", "secret": map[string]any{
			"secretName": secret(rec).Input("metadata.name"), "defaultMode": 288.0,
		}})
		args.DatabasePassword = pulumi.String("another one")
		again := pulumitest.Run(t, workloadsProgram(args))
		assert.NotEqual(t, secret(rec).Input("metadata.name"), secret(again).Input("metadata.name"), "the name tells nothing to who lacks the key")
	})
	t.Run("it reaches the receivers' ports, wherever they are, and names", func(t *testing.T) {
		flows := workloadsFlows(t, rec.Get(t, workloadsPolicy, name))
		for _, port := range []string{"443", "587", "8443"} {
			assert.Contains(t, flows, "sends TCP "+port+" to 0.0.0.0/0")
		}
		assert.Contains(t, flows, "sends UDP 53 to map[k8s-app:kube-dns] in map[kubernetes.io/metadata.name:kube-system]")
	})
	t.Run("rules are judged on what is kept, and Alertmanager is told", func(t *testing.T) {
		arguments := rec.Get(t, workloadsDeployment, workloadsWatch+"vmalert").Input(workloadsContainer + ".args").([]any)
		for _, flag := range []string{"-datasource.url", "-remoteWrite.url", "-remoteRead.url"} {
			assert.Contains(t, arguments, flag+"=http://victoria-metrics:8428")
		}
		assert.Contains(t, arguments, "-notifier.url=http://alertmanager:9093")
		assert.Contains(t, arguments, "-configCheckInterval=15s", "other rules are no other pod")
		assert.Contains(t, arguments, "-rule.evalDelay=5s")
		assert.Contains(t, rec.Get(t, workloadsDeployment, workloadsWatch+"victoria-metrics").Input(workloadsContainer+".args"),
			"-search.latencyOffset=5s", "what is judged is there by then")
		for service, port := range map[string]float64{"victoria-metrics": 8428, "alertmanager": 9093} {
			assert.Equal(t, port, rec.Get(t, workloadsService, workloadsWatch+service).Input("spec.ports[0].port"), service)
		}
		rules := rec.Get(t, workloadsConfigMap, workloadsWatch+"vmalert-rules").Input("data").(map[string]any)
		for file, text := range rules {
			assert.Regexp(t, `^[a-z-]+\.yaml$`, file)
			assert.Contains(t, text, "alert: ")
		}
		assert.NotEmpty(t, rules)
	})
}

func TestWorkloadsRefuseReceivers(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*monitoring.Alerting)
		says   string
	}{
		"a webhook that is no URL":  {func(a *monitoring.Alerting) { a.Webhook = "alerts-4711" }, "alerting.webhook <secret>: not an http or https URL"},
		"a webhook without a host":  {func(a *monitoring.Alerting) { a.Webhook = "https:///4711" }, "alerting.webhook <secret>: not an http or https URL"},
		"a webhook of another kind": {func(a *monitoring.Alerting) { a.Webhook = "ftp://x/4711" }, "alerting.webhook <secret>: not an http or https URL"},
		"a smarthost without a port": {func(a *monitoring.Alerting) { a.Email.Smarthost = "smtp4711.example.com" },
			"alerting.email.smarthost <secret>: not a host and a port, such as smtp.example.com:587"},
		"a smarthost of a wrong port": {func(a *monitoring.Alerting) { a.Email.Smarthost = "smtp.example.com:4711000" },
			"alerting.email.smarthost <secret>: not a host and a port, such as smtp.example.com:587"},
		"no sender":            {func(a *monitoring.Alerting) { a.Email.From = "4711" }, "alerting.email.from <secret>: not an e-mail address"},
		"no recipient":         {func(a *monitoring.Alerting) { a.Email.To = "" }, "alerting.email.to <secret>: not e-mail addresses, with a comma between two"},
		"a user's name alone":  {func(a *monitoring.Alerting) { a.Email.Password = "" }, "alerting.email.username <secret>: goes with alerting.email.password, set both or neither"},
		"a password alone":     {func(a *monitoring.Alerting) { a.Email.Username = "" }, "alerting.email.username <secret>: goes with alerting.email.password, set both or neither"},
		"a Slack that is none": {func(a *monitoring.Alerting) { a.Slack.URL = "4711" }, "alerting.slack.url <secret>: not an http or https URL"},
		"no channel":           {func(a *monitoring.Alerting) { a.Slack.Channel = "" }, "alerting.slack.channel <unset>: required for alerting.slack.url"},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsWatched()
			args.Alerting = workloadsToldAll()
			c.breaks(&args.Alerting)
			problems := args.Validate()
			if assert.Len(t, problems, 1) {
				assert.EqualError(t, problems[0], c.says)
			}
		})
	}
	t.Run("where nothing is watched", func(t *testing.T) {
		args := workloadsArgs()
		args.Alerting.Webhook = "https://alerts.example.com/hook"
		problems := args.Validate()
		if assert.Len(t, problems, 1) {
			assert.EqualError(t, problems[0], "alerting <secret>: has no use without monitoring.enabled, set it to true")
		}
	})
}
