package infra

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2transitgateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// machine is what all nodes share.
type machine struct {
	network  *network
	security *security
	image    string
	loginKey *ec2.KeyPair
	access   pulumi.StringPtrInput // of the control plane
}

// image is the newest one that matches.
func (b *builder) image() (string, error) {
	image, err := ec2.LookupAmi(b.ctx, &ec2.LookupAmiArgs{
		MostRecent: pulumi.BoolRef(true),
		Owners:     []string{b.args.AMIOwner},
		Filters: []ec2.GetAmiFilter{
			{Name: "name", Values: []string{b.args.AMIName}},
			{Name: "architecture", Values: []string{"x86_64"}},
			{Name: "root-device-type", Values: []string{"ebs"}},
			{Name: "virtualization-type", Values: []string{"hvm"}},
			{Name: "state", Values: []string{"available"}},
		},
	}, b.parent)
	if err != nil {
		return "", fmt.Errorf("amiName %q: no image of owner %s found: %w", b.args.AMIName, b.args.AMIOwner, err)
	}
	return image.Id, nil
}

func (b *builder) loginKey() (*ec2.KeyPair, error) {
	return ec2.NewKeyPair(b.ctx, b.name+"-login", &ec2.KeyPairArgs{
		PublicKey: pulumi.String(b.args.AuthorizedKeys[0]),
		Tags:      b.tags(b.name + "-login"),
	}, b.parent)
}

// Burstable types spend CPU credits: t2, t3, t3a.
var burstable = regexp.MustCompile(`^t[0-9]`)

func (b *builder) node(node Node, m *machine) (*NodeState, error) {
	// The address exists before the instance and outlives it. AWS wants a gateway in the VPC first.
	address, err := ec2.NewEip(b.ctx, node.Name, &ec2.EipArgs{
		Domain: pulumi.String("vpc"),
		Tags:   b.tags(node.Name),
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{m.network.gateway}))
	if err != nil {
		return nil, err
	}
	disks, err := b.volumes(node, m)
	if err != nil {
		return nil, err
	}
	instance, reachable, err := b.instance(node, m, disks)
	if err != nil {
		return nil, err
	}
	association, err := ec2.NewEipAssociation(b.ctx, node.Name, &ec2.EipAssociationArgs{
		AllocationId: address.ID(),
		InstanceId:   instance.ID(),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	// A machine that somebody stopped, or AWS, is drift like any other: a refresh sees it, and the update starts it again.
	running, err := ec2transitgateway.NewInstanceState(b.ctx, node.Name, &ec2transitgateway.InstanceStateArgs{
		InstanceId: instance.ID(), State: pulumi.String("running"),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	attached, volumes, err := b.attach(node, instance, disks)
	if err != nil {
		return nil, err
	}
	reachable = append(reachable, association, running)
	reachable = append(reachable, attached...)
	reachable = append(reachable, m.network.internet...)
	return &NodeState{
		Name: node.Name, Role: node.Role, PrivateIP: node.PrivateIP, Instance: instance, Elastic: address.PublicIp, Volumes: volumes,
		PublicIP: pulumi.OutputWithDependencies(b.ctx.Context(), address.PublicIp, reachable...).(pulumi.StringOutput),
	}, nil
}

// address is the private one, known when the machine's turn has come.
func (n Node) address() pulumi.StringInput {
	if n.Turn == nil {
		return pulumi.String(n.PrivateIP)
	}
	return n.Turn.ApplyT(func(any) string { return n.PrivateIP }).(pulumi.StringOutput)
}

// instance also returns the rules without which it cannot be used.
func (b *builder) instance(node Node, m *machine, disks []*ebs.Volume) (*ec2.Instance, []pulumi.Resource, error) {
	groups, rules := m.security.of(node.Role)
	tags := b.tags(node.Name)
	tags["Role"] = pulumi.String(node.Role)
	if node.Holds != "" {
		tags["Holds"] = pulumi.String(node.Holds)
	}
	disk := &ec2.InstanceRootBlockDeviceArgs{
		VolumeType:          pulumi.String("gp3"),
		VolumeSize:          pulumi.Int(node.RootVolumeGiB),
		Encrypted:           pulumi.Bool(true),
		DeleteOnTermination: pulumi.Bool(true),
		Tags:                tags,
	}
	args := &ec2.InstanceArgs{
		Ami:                 pulumi.String(m.image),
		InstanceType:        pulumi.String(node.InstanceType),
		SubnetId:            m.network.subnet.ID(),
		PrivateIp:           node.address(),
		VpcSecurityGroupIds: groups,
		KeyName:             m.loginKey.KeyName,
		// Packets from and to pods carry addresses that are not the instance's. On the control plane too: it holds routes
		// to pods and may run some.
		SourceDestCheck: pulumi.Bool(false),
		// One hop: a pod's packets have one more and so get no credentials from the metadata service.
		MetadataOptions: &ec2.InstanceMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1),
		},
		RootBlockDevice: disk,
		Monitoring:      pulumi.Bool(b.args.DetailedMonitoring),
		UserData:        userData(node, b.args.AuthorizedKeys),
		Tags:            tags,
	}
	if burstable.MatchString(node.InstanceType) {
		args.CreditSpecification = &ec2.InstanceCreditSpecificationArgs{CpuCredits: pulumi.String(b.args.CPUCredits)}
	}
	if b.args.KMSKeyID != "" {
		disk.KmsKeyId = pulumi.String(b.args.KMSKeyID)
	}
	if node.Role == boundary.ControlPlane {
		args.IamInstanceProfile = m.access
	}
	opts := []pulumi.ResourceOption{
		b.parent, b.patient,
		// They are for new machines, also for one that takes this one's place. A new image never replaces a machine that runs,
		// nor does another key for its disk, and neither do login keys, which cloud-init reads at the first boot only: the
		// cluster authorizes them.
		pulumi.IgnoreChanges([]string{"ami", "keyName", "rootBlockDevice.kmsKeyId", "userData"}),
		// The successor has the same fixed address.
		pulumi.DeleteBeforeReplace(true),
		pulumi.AdditionalSecretOutputs([]string{"userData"}),
		pulumi.Protect(node.Protect),
	}
	// A volume can be deleted once the machine that has it is gone.
	for _, disk := range disks {
		opts = append(opts, pulumi.DependsOn([]pulumi.Resource{disk}))
	}
	instance, err := ec2.NewInstance(b.ctx, node.Name, args, opts...)
	return instance, rules, err
}
