package rules

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

const (
	mandatory = policyx.EnforcementLevelMandatory
	advisory  = policyx.EnforcementLevelAdvisory
)

// All is every rule, by layer.
var All = []Rule{
	{
		"world-open-port", mandatory, "No port but the shop's NodePort is open to the internet",
		"name the blocks that need it, such as 203.0.113.7/32 in adminCidrs, or remove the rule", worldOpenPort,
	},
	{
		"group-rules-together", advisory, "The rules of a security group are all in its own list or all resources of their own",
		"make each entry of the list a SecurityGroupIngressRule or SecurityGroupEgressRule", groupRulesTogether,
	},
	{
		"source-dest-check-off", mandatory, "The source/destination check is off on every node, since packets of pods carry their own addresses",
		"set sourceDestCheck: false on the instance", sourceDestCheckOff,
	},
	{
		"one-subnet", mandatory, "All nodes are in one subnet, since AWS carries pod addresses nowhere else without a tunnel",
		"give every instance the same subnetId", oneSubnet,
	},
	{
		"imds-v2", mandatory, "The metadata service wants a session token and answers no pod",
		"set metadataOptions to {httpTokens: required, httpPutResponseHopLimit: 1}", imdsV2,
	},
	{
		"volumes-encrypted", mandatory, "Every volume is encrypted",
		"set encrypted: true on the volume", volumesEncrypted,
	},
	{
		"ami-change-keeps-nodes", mandatory, "A newer machine image does not replace a node that runs",
		`add pulumi.IgnoreChanges([]string{"ami"}) to the instance's options`, amiChangeKeepsNodes,
	},
	{
		"control-plane-protected", mandatory, "Outside the development stack Pulumi refuses to delete or replace the control plane",
		"set protectControlPlane: true", controlPlaneProtected,
	},
	{
		"database-protected", mandatory, "Outside the development stack Pulumi refuses to delete or replace the machine with the database's data",
		"set protectDatabase: true", databaseProtected,
	},
	{
		"data-kept", advisory, "No other machine takes the place of one whose disk holds what is nowhere else",
		"leave the machine as it is, or take a backup first and restore it afterwards", dataKept,
	},
	{
		"instance-type-exists", mandatory, "EC2 has the instance types that machines ask for",
		"name one that https://aws.amazon.com/ec2/instance-types/ lists, such as t3.medium, in instanceType", instanceTypesExist,
	},
	{
		"vcpu-quota", advisory, "The machines fit into the vCPUs that a new account may run",
		"compare with `aws service-quotas get-service-quota --service-code ec2 --quota-code L-1216C47A`, and ask for more with request-service-quota-increase, or choose smaller machines",
		vCPUsWithinQuota,
	},
	{
		"address-quota", advisory, "The Elastic IPs fit into those that an account has in a region",
		"compare with `aws service-quotas get-service-quota --service-code ec2 --quota-code L-0263D0A3`, and ask for more with request-service-quota-increase",
		addressesWithinQuota,
	},
	{
		"group-rules-quota", advisory, "Security groups have no more rules, and machines no more groups, than AWS allows",
		"write several blocks as one, or ask for more with `aws service-quotas request-service-quota-increase --service-code vpc`", rulesWithinQuota,
	},
	{
		"cidrs-apart", mandatory, "The blocks of the VPC, of pods and of Services do not overlap, and neither do subnets",
		"choose blocks that are apart with vpcCidr, subnetCidr, podCidr and serviceCidr", cidrsApart,
	},

	{
		"pools-without-tunnel", mandatory, "Address pools use neither IPIP nor VXLAN",
		"set ipipMode: Never and vxlanMode: Never in the pool", poolsWithoutTunnel,
	},
	{
		"pools-inside-pod-cidr", mandatory, "Address pools are inside the cluster's pod block, which the security groups admit",
		"choose the pool's cidr inside podCidr", poolsInsidePodCIDR,
	},
	{
		"host-key-pinned", mandatory, "Every SSH connection insists on a host key",
		"set connection.hostKey to the node's public host key, as cluster.DeriveKeys gives it", hostKeyPinned,
	},
	{
		"no-secret-in-command", mandatory, "No command line and no environment of a command holds a secret",
		"pass it on stdin, with logging off and the outputs marked secret", noSecretInCommand,
	},
	{
		"version-skew", mandatory, "Kubelets are no newer than the API server and at most three minor versions older",
		"upgrade the control plane first, then the workers, one minor version at a time", versionSkew,
	},
	{
		"calico-tested", advisory, "The Calico version is tested with the Kubernetes version",
		"choose calicoVersion and kubernetesVersion that are tested together", calicoTestedWith,
	},
	{
		"certificates-last", advisory, "No certificate of the cluster expires within 30 days",
		"set certificateRenewal to another text, such as today's date, and run pulumi up", certificatesLast,
	},
	{
		"kubeconfigs-last", advisory, "No kubeconfig of a role is near its end",
		"set kubeconfigs.renewal to another text, such as today's date, run pulumi up, and hand the outputs out anew", kubeconfigsLast,
	},
	{
		"no-restore-armed", advisory, "No restore stays in the configuration once it is done",
		"run pulumi config rm --path backup.restore once pulumi up has restored", noRestoreArmed,
	},

	{
		"service-selects-pods", mandatory, "Every Service with a selector selects pods",
		"give the Service's selector labels that the pod template has", serviceSelectsPods,
	},
	{
		"target-port-exists", mandatory, "Every target port of a Service is a port of the pods it selects",
		"name a port of the container in targetPort, or declare the port in the container", targetPortExists,
	},
	{
		"url-has-pods", advisory, "What leads in from outside leads to pods",
		"set replicas to 1 or more, or remove the Service while the tier is off", urlHasPods,
	},
	{
		"node-port-unique", mandatory, "NodePorts are between 30000 and 32767, and no two Services share one",
		"choose another nodePort", nodePortUnique,
	},
	{
		"node-selector-matches", mandatory, "Node selectors and required affinities of pods and volumes match a declared node",
		"label a node so in the nodes config, or ask for a label that a node has", nodeSelectorMatches,
	},
	{
		"requests-set", mandatory, "Every container requests cpu and memory, which the scheduler sets aside",
		"set resources.requests.cpu and resources.requests.memory", requestsSet,
	},
	{
		"probes-set", mandatory, "Every container has a readiness and a liveness probe",
		"add the probe; a container without is sent requests before it can answer and is not restarted when it hangs", probesSet,
	},
	{
		"restricted-profile", mandatory, "Pods keep the Pod Security Standard restricted, which the namespace enforces",
		"change the pod's or the container's securityContext as said", restrictedProfile,
	},
	{
		"image-tag", mandatory, "Every image names a tag other than latest, or a digest",
		"name a version, such as nginx:alpine", imageTag,
	},
	{
		"image-digest", advisory, "Every image names a digest, which no push can change",
		"append @sha256:<digest>, which `docker buildx imagetools inspect` shows", imageDigest,
	},
	{
		"data-tiers-used", advisory, "Pods that are told where the database and the caches are run a program that can ask them",
		"name one in backend.image, such as what `make image` makes", dataTiersUsed,
	},
	{
		"secrets-not-literal", mandatory, "No variable, argument or ConfigMap holds a secret",
		"put it in a Secret and refer to that with valueFrom.secretKeyRef", secretsNotLiteral,
	},
	{
		"references-exist", mandatory, "The ConfigMaps, Secrets and claims that pods name exist in their namespace, with the keys they name",
		"declare the object, correct the name, or mark the reference optional", referencesExist,
	},
	{
		"budget-exists", mandatory, "The pods of every Deployment are counted by one PodDisruptionBudget",
		"declare one budget whose selector matches the pod template's labels", budgetExists,
	},
	{
		"budget-honoured", mandatory, "Every PodDisruptionBudget lets at least one of its pods go",
		"set maxUnavailable: 1, or minAvailable below the number of replicas", budgetHonoured,
	},
	{
		"autoscaler-has-target", mandatory, "Every HorizontalPodAutoscaler scales what the stack declares",
		"correct scaleTargetRef, or remove the autoscaler", autoscalerHasTarget,
	},
	{
		"urls-resolve", mandatory, "Addresses in the environment name a Service and a port that exist",
		"correct the name or the port, or declare the Service", urlsResolve,
	},
	{
		"env-names-unique", mandatory, "No container sets a variable twice",
		"remove one of them", envNamesUnique,
	},
	{
		"objects-well-formed", mandatory, "Kubernetes objects have fields of the types that the API server reads",
		"correct the value", objectsWellFormed,
	},
	{
		"objects-unique", mandatory, "No two resources declare the same Kubernetes object",
		"give one of them another name, or remove it", objectsUnique,
	},
	{
		"namespace-has-room", mandatory, "What a namespace is to hold keeps within its ResourceQuotas and LimitRanges",
		"declare fewer or smaller objects there, or allow more", namespaceHasRoom,
	},
	{
		"schedules-valid", mandatory, "The schedule of a CronJob is one that the API server accepts",
		"write five fields, such as 0 3 * * *, and a time zone in spec.timeZone", schedulesValid,
	},
	{
		"selector-matches-template", mandatory, "The selector of a Deployment matches the labels of its own pods",
		"repeat the selector's labels in the pod template", selectorMatchesTemplate,
	},
	{
		"labels-valid", mandatory, "Labels are what the API server accepts as labels",
		"use at most 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends", labelsValid,
	},
	{
		"read-only-root", advisory, "Containers cannot write their root file system",
		"set securityContext.readOnlyRootFilesystem: true and mount an emptyDir where the container writes", readOnlyRoot,
	},
	{
		"no-api-token", advisory, "Pods that do not speak to the API server are given no token for it",
		"set automountServiceAccountToken: false", noAPIToken,
	},
}
