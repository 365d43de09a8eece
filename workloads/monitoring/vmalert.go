package monitoring

import (
	"embed"
	"fmt"
)

const (
	vmalert          = "vmalert"
	vmalertPort      = 8880
	rulesDirectory   = "/etc/vmalert/rules"
	evaluationPeriod = "15s"
)

// rules say what is wrong and when.
// https://docs.victoriametrics.com/victoriametrics/vmalert/#rules
//
//go:embed rules
var rules embed.FS

// deployVMAlert judges metrics by the rules, and tells Alertmanager. What it knows of alerts it keeps in VictoriaMetrics, and finds there
// when its pod is another one.
func (w *watch) deployVMAlert() error {
	metrics := fmt.Sprintf("http://%s:%d", victoriaMetrics, Port)
	c := &component{
		name: vmalert, image: w.Images.VMAlert, port: vmalertPort,
		args: []string{
			fmt.Sprintf("-httpListenAddr=:%d", vmalertPort),
			"-rule=" + rulesDirectory + "/*.yaml", "-configCheckInterval=" + rereadInterval,
			"-evaluationInterval=" + evaluationPeriod, "-rule.evalDelay=" + visibleAfter,
			"-datasource.url=" + metrics, "-remoteWrite.url=" + metrics, "-remoteRead.url=" + metrics,
			fmt.Sprintf("-notifier.url=http://%s:%d", alertmanager, AlertmanagerPort),
			// Where links in alerts lead: to what `kubectl port-forward` opens.
			fmt.Sprintf("-external.url=http://localhost:%d", Port),
			"-external.alert.source=vmui/#/?g0.expr={{$expr|queryEscape}}",
		},
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
