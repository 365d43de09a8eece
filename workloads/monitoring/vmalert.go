package monitoring

import (
	"embed"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	vmalert          = "vmalert"
	vmalertPort      = 8880
	rulesDirectory   = "/etc/vmalert/rules"
	evaluationPeriod = "5s"
)

// rules say what is wrong and when.
// https://docs.victoriametrics.com/victoriametrics/vmalert/#rules
//
//go:embed rules
var rules embed.FS

// deployVMAlert judges metrics by the rules, and tells Alertmanager. What it knows of alerts it keeps in VictoriaMetrics, and finds there
// when its pod is another one. It reaches both by their addresses: that no name resolves is among what it tells.
func (w *watch) deployVMAlert() error {
	at := func(flag, component string) pulumi.StringInput {
		return pulumi.Sprintf("%s=%s", flag, w.addresses[component])
	}
	c := &component{
		name: vmalert, image: w.Images.VMAlert, port: vmalertPort,
		args: append(words(
			fmt.Sprintf("-httpListenAddr=:%d", vmalertPort),
			"-rule="+rulesDirectory+"/*.yaml", "-configCheckInterval="+rereadInterval,
			"-evaluationInterval="+evaluationPeriod, "-rule.evalDelay="+visibleAfter,
			// Where links in alerts lead: to what `kubectl port-forward` opens.
			fmt.Sprintf("-external.url=http://localhost:%d", Port),
			"-external.alert.source=vmui/#/?g0.expr={{$expr|queryEscape}}",
		),
			at("-datasource.url", victoriaMetrics), at("-remoteWrite.url", victoriaMetrics), at("-remoteRead.url", victoriaMetrics),
			at("-notifier.url", alertmanager),
		),
		cpu: "20m", memory: "24Mi", limit: "128Mi",
		alive: question{"/health", httpPort}, ready: question{"/health", httpPort},
	}
	content, err := read(rules, "rules")
	if err != nil {
		return err
	}
	if err := w.files(c, "rules", rulesDirectory, content); err != nil {
		return err
	}
	return w.deploy(c)
}
