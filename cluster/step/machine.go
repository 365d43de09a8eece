package step

import (
	"cmp"
	"io/fs"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-command/sdk/go/command/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LoginUser is the default user of Debian's images; it may use sudo without a password.
const LoginUser = "admin"

// MachineArgs say where steps run, and with what.
type MachineArgs struct {
	// Name is the machine's, and part of the names of its resources.
	Name string
	// Address is where SSH is reached.
	Address pulumi.StringInput
	// Port is sshd's. Default 22.
	Port int
	// LoginKey is the private key, in PEM, that logs in as LoginUser. Secret.
	LoginKey pulumi.StringInput
	// HostPublicKey is the machine's SSH host key in authorized_keys form; every connection insists on it.
	HostPublicKey string
	// ID changes when another machine takes this one's place under the same address.
	ID pulumi.StringInput
	// Instance is the machine as a resource. When it is deleted, nothing that ran on it is undone first. Optional.
	Instance pulumi.Resource
	// Scripts holds every script by its file name, and Uploaded names those that this machine gets.
	Scripts  fs.FS
	Uploaded []string
	// Files are what the scripts read, by name.
	Files map[string]pulumi.StringInput
	// Parent is the component that the steps are part of.
	Parent pulumi.Resource
}

// Machine runs steps on one node.
type Machine struct {
	ctx        *pulumi.Context
	parent     pulumi.Resource
	name       string
	prefix     string // of resource names
	instance   pulumi.Resource
	connection remote.ConnectionArgs
	id         pulumi.StringInput
	scripts    scripts
	files      map[string]pulumi.StringInput
	way        string // to a script
	watched    *pulumi.ResourceHookBinding
	uploaded   *remote.Command
	steps      *[]pulumi.Resource
}

// NewMachine connects to a machine and uploads what its steps need.
func NewMachine(ctx *pulumi.Context, prefix string, args *MachineArgs) (*Machine, error) {
	m := &Machine{
		ctx: ctx, parent: args.Parent, name: args.Name, prefix: prefix + "-" + args.Name, instance: args.Instance,
		id: args.ID, scripts: scripts{args.Scripts}, files: args.Files, way: uploaded, steps: &[]pulumi.Resource{},
		connection: remote.ConnectionArgs{
			Host:           args.Address,
			Port:           pulumi.Float64(cmp.Or(args.Port, 22)),
			User:           pulumi.String(LoginUser),
			PrivateKey:     pulumi.ToSecret(args.LoginKey).(pulumi.StringOutput),
			HostKey:        pulumi.String(args.HostPublicKey),
			DialErrorLimit: pulumi.Int(dialErrorLimit),
			PerDialTimeout: pulumi.Int(perDialTimeout),
		},
	}
	var err error
	if m.watched, err = newWatch(args.Name).hooks(ctx, m.prefix); err != nil {
		return nil, err
	}
	m.uploaded, err = m.upload(args.Uploaded)
	return m, err
}

// Steps are those that have been registered so far.
func (m *Machine) Steps() []pulumi.Resource { return slices.Clone(*m.steps) }

// ID is known to change when the machine is another one.
func (m *Machine) ID() pulumi.StringInput { return m.id }

// GoesWith names a resource with which the machine's later steps end, where the machine itself is another stack's: when it is
// deleted, nothing of them is undone first, and nobody is asked.
func (m *Machine) GoesWith(resource pulumi.Resource) {
	if m.instance == nil {
		m.instance = resource
	}
}

// AsItIs is the machine before this update does anything to it, reached at an address that waits for nothing. Its steps bring
// their scripts along: what an earlier update put there may be of another version of this program. They have no stdin of
// their own, and no undo.
func (m *Machine) AsItIs(address pulumi.StringInput) *Machine {
	before := *m
	before.connection.Host = address
	before.way = brought
	before.instance, before.uploaded, before.id = nil, nil, pulumi.String("")
	return &before
}

// upload puts the scripts and files of the machine in place; stdin keeps them out of the command line.
func (m *Machine) upload(scriptNames []string) (*remote.Command, error) {
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
		return m.scripts.archive(scriptNames, files)
	}).(pulumi.StringOutput)
	return remote.NewCommand(m.ctx, m.prefix+"-files", &remote.CommandArgs{
		Connection:             m.connection,
		Create:                 pulumi.Sprintf(replace, digestOf(m.id, packed), packed.ApplyT(checksum)),
		Stdin:                  packed,
		Logging:                remote.LoggingStderr,
		AddPreviousOutputInEnv: pulumi.Bool(false),
		// The first thing on a machine is what another machine replaces, and with it what incarnation triggers.
		Triggers: pulumi.Array{m.id},
	}, append(m.options(nil), pulumi.DeleteBeforeReplace(true))...)
}

// incarnation is the machine's ID for triggers. Deleting first, the engine deletes a resource with this trigger before the
// machine, where that is replaced, and before anything reaches the new one, where the machine was lost.
func (m *Machine) incarnation() pulumi.StringOutput {
	return pulumi.All(m.id, m.uploaded.ID()).ApplyT(func(values []any) string {
		return values[0].(string)
	}).(pulumi.StringOutput)
}

func (m *Machine) options(waits []pulumi.Resource) []pulumi.ResourceOption {
	options := []pulumi.ResourceOption{pulumi.Parent(m.parent), pulumi.ResourceHooks(m.watched)}
	if len(waits) > 0 {
		options = append(options, pulumi.DependsOn(waits))
	}
	if m.instance != nil {
		options = append(options, pulumi.DeletedWith(m.instance))
	}
	return options
}
