package metricsserver

import (
	"errors"

	apiregistrationv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiregistration/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"
)

const version = "v1beta1"

// register lets the API server hand requests for metrics on to the Service. It knows metrics-server by the certificate that the
// cluster's authority signed for the Service.
func (s *server) register(waits ...pulumi.Resource) (pulumi.Resource, error) {
	return apiregistrationv1.NewAPIService(s.ctx, s.child("api"), &apiregistrationv1.APIServiceArgs{
		Metadata: s.clusterMeta(version + "." + metricsGroup),
		Spec: apiregistrationv1.APIServiceSpecArgs{
			Group: pulumi.String(metricsGroup), Version: pulumi.String(version),
			// Those of its own manifest.
			GroupPriorityMinimum: pulumi.Int(100), VersionPriority: pulumi.Int(100),
			Service:  apiregistrationv1.ServiceReferenceArgs{Name: pulumi.String(name), Namespace: pulumi.String(namespace)},
			CaBundle: authority(s.Kubeconfig),
		},
	}, s.options(waits...)...)
}

// authority is that of the kubeconfig's cluster, in base64 of PEM. It is public, unlike the rest.
func authority(kubeconfig pulumi.StringInput) pulumi.StringOutput {
	return pulumi.Unsecret(kubeconfig.ToStringOutput().ApplyT(readAuthority)).(pulumi.StringOutput)
}

func readAuthority(kubeconfig string) (string, error) {
	var config struct {
		Clusters []struct {
			Cluster struct {
				Authority string `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
	}
	if err := yaml.Unmarshal([]byte(kubeconfig), &config); err != nil {
		return "", errors.New("the kubeconfig is no YAML") // the parser's words could hold a key
	}
	if len(config.Clusters) != 1 || config.Clusters[0].Cluster.Authority == "" {
		return "", errors.New("the kubeconfig does not hold the certificate of one cluster's authority")
	}
	return config.Clusters[0].Cluster.Authority, nil
}
