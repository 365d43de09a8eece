package cluster

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-command/sdk/go/command/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// loginUser is the default user of Debian's images; it may use sudo without a password.
	loginUser = "admin"
	// A machine that boots refuses connections for a while. The provider's default of ten dials
	// is over in eleven seconds; with this many it goes on for more than four minutes.
	dialErrorLimit = 60
	perDialTimeout = 15 // seconds
	// unpackLimit bounds the upload of a few kilobytes, in seconds.
	unpackLimit = 120
)

// unpack replaces the node's scripts and files with those in the tar on stdin. The new ones are
// complete before the old ones go, so that a lost connection leaves no half of both.
const unpack = "set -eu; umask 077; rm -rf /opt/platform.new; mkdir -p /opt/platform.new; " +
	"base64 -d | tar -x -C /opt/platform.new; rm -rf /opt/platform; mv /opt/platform.new /opt/platform"

// machine runs steps on one node.
type machine struct {
	ctx        *pulumi.Context
	parent     *Cluster
	prefix     string // of resource names
	node       Node
	connection remote.ConnectionArgs
	id         pulumi.StringInput
	files      map[string]pulumi.StringInput
	uploaded   *remote.Command
}

// step is one script run on one node.
type step struct {
	// name is the last part of the resource's name.
	name   string
	script string
	// files are those in /opt/platform/etc that the script reads.
	files    []string
	settings []setting
	// stdin is another step's output. It is public, like everything that leaves a node except the kubeconfig.
	stdin pulumi.StringInput
	// secretStdin is a secret for the script alone. It does not decide whether the step runs again, or else the command
	// would give it away; the command provider runs it again by itself. Only together with the output secret.
	secretStdin pulumi.StringPtrInput
	// limit is the time after which the script is stopped, in seconds. The script's own limits,
	// which end with a diagnosis, are shorter.
	limit int
	// undo is the script that takes the step back when the resource is deleted, if there is one.
	undo *undo
	// of is the machine that the step on another one is about, if it is: before a machine takes that one's place, the
	// step is taken back. By default a step about another machine only runs again.
	of *machine
	// after are the steps this one builds on: it runs again when one of them changed.
	after []*done
	// waits are resources that must be there first, without any consequence of a change in them.
	waits []pulumi.Resource
	// output says what stdout is for.
	output output
}

type undo struct {
	script   string
	settings []setting
	limit    int
}

type output int

const (
	progress output = iota // for the person who watches
	data                   // for another step; progress goes to stderr
	secret                 // for nobody's eyes; progress goes to stderr and is not shown either
)

// done is a step that has been registered.
type done struct {
	*remote.Command
	digest pulumi.StringOutput
}

// newMachine connects to a node and uploads what its steps need.
func (c *Cluster) newMachine(ctx *pulumi.Context, prefix string, args *Args, node Node) (*machine, error) {
	files, err := args.nodeFiles(node)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", node.Name, err)
	}
	m := &machine{
		ctx: ctx, parent: c, prefix: prefix + "-" + node.Name, node: node, files: files, id: node.machineID(),
		connection: remote.ConnectionArgs{
			Host:           node.Address,
			Port:           pulumi.Float64(22),
			User:           pulumi.String(loginUser),
			PrivateKey:     pulumi.ToSecret(args.LoginKey).(pulumi.StringOutput),
			HostKey:        pulumi.String(node.HostPublicKey),
			DialErrorLimit: pulumi.Int(dialErrorLimit),
			PerDialTimeout: pulumi.Int(perDialTimeout),
		},
	}
	m.uploaded, err = m.upload()
	return m, err
}

// machineID is known to change when the machine is another one under the same address.
func (n Node) machineID() pulumi.StringInput {
	if n.MachineID != nil {
		return n.MachineID
	}
	if instance, ok := n.Instance.(pulumi.CustomResource); ok {
		return instance.ID().ToStringOutput()
	}
	return pulumi.String("")
}

// upload puts the scripts and files of the node in place; stdin keeps them out of the command line.
func (m *machine) upload() (*remote.Command, error) {
	names := slices.Sorted(maps.Keys(m.files))
	contents := make([]any, len(names))
	for i, name := range names {
		contents[i] = m.files[name]
	}
	packed := pulumi.All(contents...).ApplyT(func(contents []any) (string, error) {
		files := make(map[string]string, len(names))
		for i, name := range names {
			files[name] = contents[i].(string)
		}
		return archive(nodeScripts(m.node.Role), files)
	}).(pulumi.StringOutput)
	digest := digestOf(m.id, packed)
	return remote.NewCommand(m.ctx, m.prefix+"-files", &remote.CommandArgs{
		Connection:             m.connection,
		Create:                 pulumi.Sprintf("sudo timeout --kill-after=10 %d env PLATFORM_DIGEST=%s sh -c '%s'", unpackLimit, digest, unpack),
		Stdin:                  packed,
		Logging:                remote.LoggingStderr,
		AddPreviousOutputInEnv: pulumi.Bool(false),
		// The first thing on a machine is what another machine replaces, and with it what incarnation triggers.
		Triggers: pulumi.Array{m.id},
	}, append(m.options(nil), pulumi.DeleteBeforeReplace(true))...)
}

// incarnation is the machine's ID for triggers. Deleting first, the engine deletes a resource with this trigger before the
// machine, where that is replaced, and before anything reaches the new one, where the machine was lost.
func (m *machine) incarnation() pulumi.StringOutput {
	return pulumi.All(m.id, m.uploaded.ID()).ApplyT(func(values []any) string {
		return values[0].(string)
	}).(pulumi.StringOutput)
}

// run registers a step. Its command carries a digest of all that decides what the script does, so
// that a change runs it again and nothing else does.
func (m *machine) run(s step) (*done, error) {
	code, err := readScript(s.script)
	if err != nil {
		return nil, fmt.Errorf("node %s: %s: %w", m.node.Name, s.name, err)
	}
	parts := append([]pulumi.StringInput{m.id}, code...)
	for _, name := range s.files {
		if content, ok := m.files[name]; ok {
			parts = append(parts, pulumi.String(name), content)
		}
	}
	for _, setting := range s.settings {
		parts = append(parts, pulumi.String(setting.name), setting.value)
	}
	if s.stdin != nil {
		parts = append(parts, s.stdin)
	}
	waits := append([]pulumi.Resource{m.uploaded}, s.waits...)
	for _, before := range s.after {
		parts = append(parts, before.digest)
		waits = append(waits, before.Command)
	}
	digest := digestOf(parts...)

	args := &remote.CommandArgs{
		Connection: m.connection,
		Create:     command(s.script, s.limit, append(s.settings, setting{"PLATFORM_DIGEST", digest})),
		// Needs no sshd that accepts variables, and keeps one run's output out of the next one's environment.
		AddPreviousOutputInEnv: pulumi.Bool(false),
		Logging:                s.output.logging(),
	}
	if s.stdin != nil {
		args.Stdin = s.stdin.ToStringOutput().ToStringPtrOutput()
	}
	if s.secretStdin != nil {
		args.Stdin = s.secretStdin
	}
	if s.undo != nil {
		args.Delete = command(s.undo.script, s.undo.limit, s.undo.settings)
	}
	options := m.options(waits)
	if s.of != nil {
		args.Triggers = pulumi.Array{s.of.incarnation()}
		options = append(options, pulumi.DeleteBeforeReplace(true))
	}
	if s.output == secret {
		options = append(options, pulumi.AdditionalSecretOutputs([]string{"stdout", "stderr"}))
	}
	resource, err := remote.NewCommand(m.ctx, m.prefix+"-"+s.name, args, options...)
	if err != nil {
		return nil, err
	}
	return &done{Command: resource, digest: digest}, nil
}

func (m *machine) options(waits []pulumi.Resource) []pulumi.ResourceOption {
	options := []pulumi.ResourceOption{pulumi.Parent(m.parent)}
	if len(waits) > 0 {
		options = append(options, pulumi.DependsOn(waits))
	}
	if m.node.Instance != nil {
		options = append(options, pulumi.DeletedWith(m.node.Instance))
	}
	return options
}

func (o output) logging() remote.LoggingPtrInput {
	switch o {
	case data:
		return remote.LoggingStderr
	case secret:
		return remote.LoggingNone
	default:
		return remote.LoggingStdoutAndStderr
	}
}
