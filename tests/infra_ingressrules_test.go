package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/infra"
	"ecommerce-platform/tests/pulumitest"
)

// infraWebhook lets the API server call a webhook.
func infraWebhook() infra.IngressRule {
	return infra.IngressRule{
		Group: "worker", ReferencedGroup: "control-plane", IPProtocol: "tcp", FromPort: 9443, ToPort: 9443, Description: "Webhook of cert-manager",
	}
}

func TestInfraMetricsServerRules(t *testing.T) {
	args := infraArgs()
	args.MetricsServerPort = 4443
	with, without := infraSentences(pulumitest.Run(t, infraProgram(args))), infraSentences(pulumitest.Run(t, infraProgram(infraArgs())))
	assert.Equal(t, "node takes tcp 10250-10250 from worker", with["kubelet-metrics"])
	assert.Equal(t, "worker takes tcp 4443-4443 from control-plane", with["metrics-server"])
	delete(with, "kubelet-metrics")
	delete(with, "metrics-server")
	assert.Equal(t, without, with, "nothing else")
}

func TestInfraMonitoringRules(t *testing.T) {
	args := infraArgs()
	args.Monitoring = true
	with, without := infraSentences(pulumitest.Run(t, infraProgram(args))), infraSentences(pulumitest.Run(t, infraProgram(infraArgs())))
	assert.Equal(t, "node takes tcp 10250-10250 from worker", with["kubelet-metrics"])
	assert.Equal(t, "node takes tcp 9091-9091 from worker", with["calico-metrics"])
	assert.Equal(t, "control-plane takes tcp 2381-2381 from worker", with["etcd-metrics"])
	for _, rule := range []string{"kubelet-metrics", "calico-metrics", "etcd-metrics"} {
		delete(with, rule)
	}
	assert.Equal(t, without, with, "nothing else")
}

func TestInfraIngressRules(t *testing.T) {
	args := infraArgs()
	exporter := infra.IngressRule{Group: "node", ReferencedGroup: "node", IPProtocol: "udp", FromPort: 7000, ToPort: 7010, Description: "Gossip of an operator"}
	args.IngressRules = []infra.IngressRule{infraWebhook(), exporter}
	rec := pulumitest.Run(t, infraProgram(args))
	sentences := infraSentences(rec)
	assert.Equal(t, "worker takes tcp 9443-9443 from control-plane", sentences["ingress-worker-control-plane-tcp-9443-9443"])
	assert.Equal(t, "node takes udp 7000-7010 from node", sentences["ingress-node-node-udp-7000-7010"])
	rule := rec.Get(t, infraIngress, "platform-ingress-worker-control-plane-tcp-9443-9443")
	assert.Equal(t, "Webhook of cert-manager", rule.Input("description"))

	args.IngressRules = []infra.IngressRule{exporter, infraWebhook()}
	assert.Equal(t, sentences, infraSentences(pulumitest.Run(t, infraProgram(args))), "another order changes nothing")
}

func TestInfraRefusesIngressRules(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*infra.IngressRule)
		says   string
	}{
		"of no group": {func(r *infra.IngressRule) { r.Group = "pods" }, `ingressRules[0].group "pods": must be node, control-plane or worker`},
		"from a block": {func(r *infra.IngressRule) { r.ReferencedGroup = "0.0.0.0/0" },
			`ingressRules[0].referencedGroup "0.0.0.0/0": must be node, control-plane or worker`},
		"of every protocol": {func(r *infra.IngressRule) { r.IPProtocol = "-1" }, `ingressRules[0].ipProtocol "-1": must be tcp or udp`},
		"of ports the wrong way round": {func(r *infra.IngressRule) { r.ToPort = 9442 },
			`ingressRules[0].fromPort 9443: with toPort 9442 no range of ports between 1 and 65535`},
		"without a port": {func(r *infra.IngressRule) { r.FromPort, r.ToPort = 0, 0 },
			`ingressRules[0].fromPort 0: with toPort 0 no range of ports between 1 and 65535`},
		"of a port too high": {func(r *infra.IngressRule) { r.ToPort = 65536 },
			`ingressRules[0].fromPort 9443: with toPort 65536 no range of ports between 1 and 65535`},
		"without a reason": {func(r *infra.IngressRule) { r.Description = "" },
			`ingressRules[0].description "": must say why in 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*`},
		"with a reason that AWS refuses": {func(r *infra.IngressRule) { r.Description = "it's a webhook" },
			`ingressRules[0].description "it's a webhook": must say why in 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*`},
		"that is there": {func(r *infra.IngressRule) { r.Group, r.FromPort, r.ToPort = "node", 10250, 10250 },
			`ingressRules[0].fromPort 10250: the rule kubelet admits the same, and AWS takes a rule once`},
	} {
		t.Run(name, func(t *testing.T) {
			args, rule := infraArgs(), infraWebhook()
			c.breaks(&rule)
			args.IngressRules = []infra.IngressRule{rule}
			assert.Equal(t, []string{c.says}, infraMessages(args))
		})
	}
	t.Run("twice", func(t *testing.T) {
		args := infraArgs()
		args.IngressRules = []infra.IngressRule{infraWebhook(), infraWebhook()}
		args.IngressRules[1].Description = "Again"
		assert.Equal(t, []string{"ingressRules[1].fromPort 9443: the rule ingress-worker-control-plane-tcp-9443-9443 admits the same, and AWS takes a rule once"},
			infraMessages(args))
	})
}
