package monitoring

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/workloads/digest"
)

const (
	alertmanager = "alertmanager"
	// AlertmanagerPort is where Alertmanager answers, its page among the rest.
	AlertmanagerPort = 9093

	alertmanagerDirectory = "/etc/alertmanager"
	alertmanagerFile      = "alertmanager.yml"
	silencesDirectory     = "/alertmanager"
)

// The parts of the configuration that are used.
// https://prometheus.io/docs/alerting/latest/configuration/
type (
	alertmanagerConfig struct {
		Route     route      `json:"route"`
		Receivers []receiver `json:"receivers"`
	}
	route struct {
		Receiver       string   `json:"receiver"`
		GroupBy        []string `json:"group_by"`
		GroupWait      string   `json:"group_wait"`
		GroupInterval  string   `json:"group_interval"`
		RepeatInterval string   `json:"repeat_interval"`
	}
	receiver struct {
		Name           string          `json:"name"`
		WebhookConfigs []webhookConfig `json:"webhook_configs,omitempty"`
		EmailConfigs   []emailConfig   `json:"email_configs,omitempty"`
		SlackConfigs   []slackConfig   `json:"slack_configs,omitempty"`
	}
	webhookConfig struct {
		SendResolved bool   `json:"send_resolved"`
		URL          string `json:"url"`
	}
	emailConfig struct {
		SendResolved bool   `json:"send_resolved"`
		To           string `json:"to"`
		From         string `json:"from"`
		Smarthost    string `json:"smarthost"`
		AuthUsername string `json:"auth_username,omitempty"`
		AuthPassword string `json:"auth_password,omitempty"`
		RequireTLS   bool   `json:"require_tls"`
	}
	slackConfig struct {
		SendResolved bool   `json:"send_resolved"`
		APIURL       string `json:"api_url"`
		Channel      string `json:"channel"`
	}
)

// receiverName is that of the one receiver, which tells everybody.
const receiverName = "everybody"

// configYAML tells every receiver of every alert, once when it begins, again each day, and when it has ended.
func (a Alerting) configYAML() (string, error) {
	everybody := receiver{Name: receiverName}
	if a.Webhook != "" {
		everybody.WebhookConfigs = []webhookConfig{{true, a.Webhook}}
	}
	if a.Email != (Email{}) {
		everybody.EmailConfigs = []emailConfig{{true, a.Email.To, a.Email.From, a.Email.Smarthost, a.Email.Username, a.Email.Password, true}}
	}
	if a.Slack != (Slack{}) {
		everybody.SlackConfigs = []slackConfig{{true, a.Slack.URL, a.Slack.Channel}}
	}
	document, err := yaml.Marshal(alertmanagerConfig{
		Route: route{
			Receiver: receiverName, GroupBy: []string{"alertname"}, GroupWait: "10s", GroupInterval: "1m", RepeatInterval: "24h",
		},
		Receivers: []receiver{everybody},
	})
	if err != nil {
		return "", fmt.Errorf("marshal whom Alertmanager tells: %w", err)
	}
	return string(document), nil
}

// deployAlertmanager tells people of alerts.
func (w *watch) deployAlertmanager() error {
	c := &component{
		name: alertmanager, image: w.Images.Alertmanager, port: AlertmanagerPort,
		args: []string{
			"--config.file=" + alertmanagerDirectory + "/" + alertmanagerFile, "--storage.path=" + silencesDirectory,
			fmt.Sprintf("--web.listen-address=:%d", AlertmanagerPort), fmt.Sprintf("--web.external-url=http://localhost:%d", AlertmanagerPort),
			// There is no other one to agree with.
			"--cluster.listen-address=",
		},
		cpu: "20m", memory: "24Mi", limit: "128Mi",
		alive: question{"/-/healthy", httpPort}, ready: question{"/-/ready", httpPort},
		mounts: []mount{{"silences", silencesDirectory, corev1.VolumeArgs{
			EmptyDir: corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String("64Mi")},
		}, false}},
	}
	if err := w.receivers(c); err != nil {
		return err
	}
	return w.deploy(c)
}

// receivers makes the Secret that says who is told, the only place that does. It never changes: its name ends in a digest, so that other receivers are
// another pod, and tells nothing of what it holds.
func (w *watch) receivers(c *component) error {
	config, err := w.Alerting.configYAML()
	if err != nil {
		return err
	}
	content := map[string]string{alertmanagerFile: config}
	name := pulumi.Unsecret(w.Key.ToStringOutput().ApplyT(func(key string) string {
		return c.name + "-" + digest.Keyed(key, content)
	})).(pulumi.StringOutput)
	meta := w.meta("", c.name)
	meta.Name = name
	secret, err := corev1.NewSecret(w.ctx, w.child(c.name), &corev1.SecretArgs{
		Metadata: meta, Type: pulumi.String("Opaque"), Immutable: pulumi.Bool(true),
		StringData: pulumi.ToSecret(pulumi.ToStringMap(content)).(pulumi.StringMapOutput),
	}, w.options()...)
	if err != nil {
		return err
	}
	c.after = append(c.after, secret)
	c.mounts = append(c.mounts, mount{"config", alertmanagerDirectory, corev1.VolumeArgs{
		Secret: corev1.SecretVolumeSourceArgs{SecretName: name, DefaultMode: pulumi.Int(0o440)},
	}, true})
	return nil
}
