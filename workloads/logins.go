package workloads

import (
	"encoding/base64"
	"encoding/json"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// loginsName is the Secret that kubelets pull the images of every tier with.
const loginsName = "registries"

// createLogins makes the Secret of the registries' users, where there are any, and has every later resource wait for it.
func (to *target) createLogins() error {
	if len(to.args.Logins) == 0 {
		return nil
	}
	type auth struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Auth     string `json:"auth"`
	}
	auths := map[string]auth{}
	for host, login := range to.args.Logins {
		auths[host] = auth{login.Username, login.Password, base64.StdEncoding.EncodeToString([]byte(login.Username + ":" + login.Password))}
	}
	document, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		return err
	}
	secret, err := corev1.NewSecret(to.ctx, to.child(loginsName), &corev1.SecretArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: pulumi.String(loginsName), Namespace: pulumi.String(to.args.Namespace),
			Labels: platformLabels(), Annotations: annotations(),
		},
		Type:       pulumi.String("kubernetes.io/dockerconfigjson"),
		StringData: pulumi.ToSecret(pulumi.StringMap{".dockerconfigjson": pulumi.String(document)}).(pulumi.StringMapOutput),
	}, to.options()...)
	if err != nil {
		return err
	}
	to.opts = to.options(pulumi.DependsOn([]pulumi.Resource{secret}))
	return nil
}

// pullSecrets names the Secret of the registries' users, where there is one.
func (to *target) pullSecrets() corev1.LocalObjectReferenceArray {
	if len(to.args.Logins) == 0 {
		return nil
	}
	return corev1.LocalObjectReferenceArray{corev1.LocalObjectReferenceArgs{Name: pulumi.String(loginsName)}}
}
