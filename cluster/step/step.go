// Package step runs a cluster's scripts on its machines, one resource each. A step runs again when what decides its result
// changed and at no other time, can be taken back when its resource goes, and is stopped when it takes too long.
// docs/steps.md tells the whole story; which steps there are is the cluster package's matter.
package step

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-command/sdk/go/command/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Step is one script run on one machine.
type Step struct {
	// Name is the last part of the resource's name.
	Name string
	// Script is the file to run, e.g. init.sh.
	Script string
	// Files are those of the machine's files that the script reads; the step runs again when one of them changed.
	Files []string
	// Settings are the script's environment.
	Settings []Setting
	// Again are further settings of every run but the first that succeeds: the engine knows what has been, whatever has
	// become of the machine. They do not decide whether the step runs. Optional.
	Again []Setting
	// Stdin is another step's output. It is public, like everything that leaves a machine except the kubeconfig.
	Stdin pulumi.StringInput
	// SecretStdin is a secret for the script alone. It does not decide whether the step runs again, or else the command
	// would give it away; the command provider runs it again by itself. Only together with the output Secret.
	SecretStdin pulumi.StringPtrInput
	// Limit is the time after which the script is stopped, in seconds. The script's own limits,
	// which end with a diagnosis, are shorter.
	Limit int
	// Undo takes the step back when the resource is deleted. Optional.
	Undo *Undo
	// Of is the machine that a step on another one is about, where the step is taken back before another machine takes
	// that one's place. Optional: a step about another machine otherwise only runs again.
	Of *Machine
	// After are the steps this one builds on: it runs again when one of them changed.
	After []*Done
	// Waits are resources that must be there first, without any consequence of a change in them.
	Waits []pulumi.Resource
	// Output says what stdout is for.
	Output Output
}

// Undo is a script that takes a step back.
type Undo struct {
	Script   string
	Settings []Setting
	// Limit is in seconds.
	Limit int
}

// Output is what a script's stdout is for.
type Output int

const (
	// Progress is for nobody: what the person who watches is to see goes to stderr.
	Progress Output = iota
	// Data is for another step; progress goes to stderr.
	Data
	// Secret is for nobody's eyes; progress goes to stderr and is not shown either.
	Secret
)

// Done is a step that has been registered.
type Done struct {
	*remote.Command
	digest pulumi.StringOutput
}

// Run registers a step. Its command carries a digest of all that decides what the script does, so
// that a change runs it again and nothing else does.
func (m *Machine) Run(s Step) (*Done, error) {
	digest, err := m.digest(s)
	if err != nil {
		return nil, fmt.Errorf("node %s: %s: %w", m.name, s.Name, err)
	}
	settings := append(slices.Clone(s.Settings), Set("PLATFORM_DIGEST", digest))
	var packed pulumi.StringPtrInput
	if m.way == brought {
		archive, err := m.scripts.pack(s.Script)
		if err != nil {
			return nil, fmt.Errorf("node %s: %s: %w", m.name, s.Name, err)
		}
		packed = pulumi.String(archive)
		settings = append(settings, Set("PLATFORM_SHA256", pulumi.String(checksum(archive))))
	}
	args := &remote.CommandArgs{
		Connection: m.connection,
		Create:     command(m.way, s.Script, s.Limit, settings),
		Stdin:      packed,
		// Needs no sshd that accepts variables, and keeps one run's output out of the next one's environment.
		AddPreviousOutputInEnv: pulumi.Bool(false),
		Logging:                s.Output.logging(),
	}
	if s.Stdin != nil {
		args.Stdin = s.Stdin.ToStringOutput().ToStringPtrOutput()
	}
	if s.SecretStdin != nil {
		args.Stdin = s.SecretStdin
	}
	if s.Again != nil {
		args.Update = command(m.way, s.Script, s.Limit, slices.Concat(s.Settings, s.Again, []Setting{Set("PLATFORM_DIGEST", digest)}))
	}
	if s.Undo != nil {
		args.Delete = command(m.way, s.Undo.Script, s.Undo.Limit, s.Undo.Settings)
	}
	waits := slices.Clone(s.Waits)
	if m.uploaded != nil {
		waits = append(waits, m.uploaded)
	}
	for _, before := range s.After {
		waits = append(waits, before.Command)
	}
	options := m.options(waits)
	if s.Of != nil {
		args.Triggers = pulumi.Array{s.Of.incarnation()}
	}
	if s.Undo != nil {
		// Otherwise the step of before takes back, after it, what its successor did.
		options = append(options, pulumi.DeleteBeforeReplace(true))
	}
	if s.Output == Secret {
		options = append(options, pulumi.AdditionalSecretOutputs([]string{"stdout", "stderr"}))
	}
	resource, err := remote.NewCommand(m.ctx, m.prefix+"-"+s.Name, args, options...)
	if err != nil {
		return nil, err
	}
	*m.steps = append(*m.steps, resource)
	return &Done{Command: resource, digest: digest}, nil
}

// digest tells apart any two things that a step could do.
func (m *Machine) digest(s Step) (pulumi.StringOutput, error) {
	code, err := m.scripts.code(s.Script)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	parts := append([]pulumi.StringInput{m.id}, code...)
	for _, name := range s.Files {
		if content, ok := m.files[name]; ok {
			parts = append(parts, pulumi.String(name), content)
		}
	}
	for _, setting := range s.Settings {
		parts = append(parts, pulumi.String(setting.Name), setting.Value)
	}
	if s.Stdin != nil {
		parts = append(parts, s.Stdin)
	}
	for _, before := range s.After {
		parts = append(parts, before.digest)
	}
	return digestOf(parts...), nil
}

// logging never shows stdout: scripts/lib.sh sees to it that the provider can show what comes on stderr.
func (o Output) logging() remote.LoggingPtrInput {
	if o == Secret {
		return remote.LoggingNone
	}
	return remote.LoggingStderr
}
