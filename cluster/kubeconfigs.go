package cluster

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster/step"
)

// Kubeconfigs are those of the roles, whose certificates are good for a short time.
type Kubeconfigs struct {
	// LifetimeHours is for how long they are good.
	LifetimeHours int `json:"lifetimeHours"`
	// Renewal is any text; another one makes all of them anew. Those of before are good until their own end.
	Renewal string `json:"renewal"`
}

// maxLifetime is what the cluster's signer admits at the most, a year, in hours.
const maxLifetime = 365 * 24

// makeKubeconfigs makes one of each role.
func makeKubeconfigs(args *Args, control *node) (map[string]pulumi.StringOutput, error) {
	made := map[string]pulumi.StringOutput{}
	for _, role := range Roles {
		done, err := control.Run(step.Step{
			Name: "kubeconfig-" + role, Script: "role-kubeconfig.sh", Limit: 300, Output: step.Secret, After: []*step.Done{control.joined},
			Settings: append([]step.Setting{
				step.Set("ROLE", pulumi.String(role)),
				step.Set("ADDRESS", control.node.Address),
				step.Set("LIFETIME", pulumi.String(strconv.Itoa(args.Kubeconfigs.LifetimeHours*3600))),
			}, asked("RENEWAL", args.Kubeconfigs.Renewal)...),
		})
		if err != nil {
			return nil, err
		}
		made[role] = done.Stdout
	}
	return made, nil
}

// kubeconfigTimes are the role of each kubeconfig, and from when until when it is good. Unlike the kubeconfigs they are public.
func kubeconfigTimes(kubeconfigs map[string]pulumi.StringOutput) pulumi.ArrayOutput {
	var texts []any
	for _, role := range Roles {
		texts = append(texts, kubeconfigs[role])
	}
	return pulumi.Unsecret(pulumi.All(texts...).ApplyT(func(texts []any) ([]any, error) {
		times := []any{}
		for i, text := range texts {
			if text == "" {
				continue
			}
			certificate, err := userCertificate(text.(string))
			if err != nil {
				return nil, fmt.Errorf("kubeconfig of role %s: %w", Roles[i], err)
			}
			times = append(times, map[string]any{
				"role": Roles[i], "issued": certificate.NotBefore.UTC().Format(time.RFC3339), "expires": certificate.NotAfter.UTC().Format(time.RFC3339),
			})
		}
		return times, nil
	})).(pulumi.ArrayOutput)
}

// userCertificate is that of a kubeconfig's one user. No error holds anything of the kubeconfig.
func userCertificate(kubeconfig string) (*x509.Certificate, error) {
	var config struct {
		Users []struct {
			User struct {
				Certificate []byte `json:"client-certificate-data"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := yaml.Unmarshal([]byte(kubeconfig), &config); err != nil || len(config.Users) != 1 {
		return nil, errors.New("is no YAML with one user")
	}
	block, _ := pem.Decode(config.Users[0].User.Certificate)
	if block == nil {
		return nil, errors.New("has no certificate of its user")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate of its user: %w", err)
	}
	return certificate, nil
}

func (p *problems) kubeconfigs(k Kubeconfigs) {
	if k.LifetimeHours < 1 || k.LifetimeHours > maxLifetime {
		p.Addf("kubeconfigs.lifetimeHours %d: must be between 1 and %d, a year", k.LifetimeHours, maxLifetime)
	}
	p.marker("kubeconfigs.renewal", k.Renewal)
}
