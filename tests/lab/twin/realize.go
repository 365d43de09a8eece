package twin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/machines"
)

// realized are the types that have a body in machine mode; the others are facts in the state that the machines' firewalls follow.
var realized = map[string]bool{subnetToken: true, instanceToken: true, instanceStateToken: true, volumeToken: true, volumeAttachmentToken: true}

// realize makes the network or the machine of a new resource, and takes the resource back if that fails. The state is
// not held meanwhile, so that machines start side by side.
func (p *Provider) realize(ctx context.Context, r *Record, in Values) error {
	err := p.embody(ctx, r, in)
	if err == nil {
		err = p.follow(ctx)
	}
	if err != nil {
		// The program may have been interrupted; what was begun is cleared away all the same.
		if back := p.forget(context.WithoutCancel(ctx), r.ID); back != nil {
			return fmt.Errorf("%w; then forgetting %s: %w", err, r.ID, back)
		}
	}
	return err
}

// forget takes a resource that has a body out of the account, and its body away.
func (p *Provider) forget(ctx context.Context, id string) error {
	var gone *Record
	err := p.with(ctx, func(tx *Tx) error {
		if r := tx.Resources[id]; r != nil && realized[r.Type] {
			gone = r
		}
		return nil
	})
	if err != nil || gone == nil {
		return err
	}
	err = p.disembody(ctx, gone)
	return errors.Join(err, p.with(ctx, func(tx *Tx) error {
		if r := tx.Resources[id]; r != nil {
			tx.remove(r)
		}
		return nil
	}))
}

// disembody removes the network, the machine or the disk of a resource. What is gone already is no error.
func (p *Provider) disembody(ctx context.Context, r *Record) error {
	switch {
	case r.Type == subnetToken:
		return p.machines.RemoveNetwork(ctx, r.ID)
	case r.Type == instanceToken && r.Container != "":
		return p.machines.Terminate(ctx, r.Container)
	case r.Type == volumeToken:
		return p.machines.RemoveDisk(ctx, disk(r))
	case r.Type == volumeAttachmentToken:
		return p.detach(ctx, r)
	}
	return nil
}

func (p *Provider) embody(ctx context.Context, r *Record, in Values) error {
	var machine machines.Machine
	err := p.with(ctx, func(tx *Tx) error {
		if !realized[r.Type] {
			return nil
		}
		// A provider that died may have left something with the same addresses.
		if err := p.machines.Sweep(ctx, slices.Sorted(maps.Keys(tx.Resources))); err != nil {
			return err
		}
		if r.Type == instanceToken {
			machine = tx.machine(p.name, tx.Resources[r.ID], in)
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch r.Type {
	case subnetToken:
		p.log.Status(ctx, r.URN, "creating the Docker network of %s", r.Text("cidrBlock"))
		err = p.machines.CreateNetwork(ctx, network(r))
	case instanceToken:
		p.log.Status(ctx, r.URN, "starting container %s", machine.Container)
		err = p.machines.Launch(ctx, machine)
	case instanceStateToken:
		err = p.press(ctx, r)
	case volumeToken:
		err = p.machines.MakeDisk(ctx, disk(r))
	case volumeAttachmentToken:
		err = p.attach(ctx, r)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return p.with(ctx, func(tx *Tx) error {
		if body := tx.Resources[r.ID]; body != nil {
			body.Pending = false
		}
		return nil
	})
}

// unrealize removes the body first, so that a failure leaves the resource in the stack.
func (p *Provider) unrealize(ctx context.Context, r *Record) error {
	if r.Type == instanceToken {
		p.log.Status(ctx, r.URN, "removing container %s", r.Container)
	}
	if err := p.disembody(ctx, r); err != nil {
		return errors.Join(err, p.keep(context.WithoutCancel(ctx), r.ID))
	}
	err := p.with(ctx, func(tx *Tx) error {
		if body := tx.Resources[r.ID]; body != nil && realized[r.Type] {
			tx.remove(body)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.follow(ctx)
}

// keep says of a resource that its body is still there.
func (p *Provider) keep(ctx context.Context, id string) error {
	return p.with(ctx, func(tx *Tx) error {
		if r := tx.Resources[id]; r != nil {
			r.Pending = false
		}
		return nil
	})
}

// adjust brings a changed resource's body up to date.
func (p *Provider) adjust(ctx context.Context, r *Record, before, in Values) error {
	if r.Type == instanceStateToken {
		if err := p.press(ctx, r); err != nil {
			return err
		}
	}
	if r.Type == volumeToken {
		if err := p.machines.GrowDisk(ctx, disk(r)); err != nil {
			return err
		}
	}
	if r.Type == instanceToken && restarts(before, r.Inputs) {
		p.log.Status(ctx, r.URN, "restarting container %s", r.Container)
		data, err := userData(in)
		if err != nil {
			return err
		}
		if err := p.machines.Restart(ctx, r.Container, sizeOf(r.Text("instanceType")), data); err != nil {
			return err
		}
	}
	return p.follow(ctx)
}

// ofMachines are the types of which something depends on how instances are.
var ofMachines = map[string]bool{instanceToken: true, instanceStateToken: true, eipToken: true, eipAssociationToken: true, volumeAttachmentToken: true}

// inspect takes instances out of the account whose containers are gone, as if somebody had terminated them: the one that is
// asked about, and all of them where the answer depends on which there are.
func (p *Provider) inspect(ctx context.Context, t *Type, id string) error {
	if p.machines == nil {
		return nil
	}
	return p.with(ctx, func(tx *Tx) error {
		for _, r := range tx.All(instanceToken) {
			if r.Pending || (r.ID != id && t.Token == instanceToken) || !ofMachines[t.Token] {
				continue
			}
			status, err := p.machines.Status(ctx, r.Container)
			if err != nil {
				return err
			}
			if r.Outputs["instanceState"] = status; status == "" {
				tx.remove(r)
			}
		}
		return nil
	})
}

// follow brings the firewall of every machine, and the public addresses, up to what the account says now.
func (p *Provider) follow(ctx context.Context) error {
	return p.with(ctx, func(tx *Tx) error {
		for _, r := range tx.All(instanceToken) {
			rules := tx.firewall(r).Ruleset()
			if r.Pending || r.Container == "" || r.Firewall == rules {
				continue
			}
			status, err := p.machines.Status(ctx, r.Container)
			if err == nil && status == "" {
				continue // a machine that is lost has no firewall; a refresh will tell
			}
			if err == nil {
				err = p.machines.ApplyFirewall(ctx, r.Container, rules)
			}
			if err != nil {
				return fmt.Errorf("security groups of %s: %w", r.ID, err)
			}
			r.Firewall = rules
		}
		return p.machines.Gateway(ctx, tx.dir, tx.gateway())
	})
}

func network(subnet *Record) machines.Network {
	return machines.Network{ID: subnet.ID, CIDR: netip.MustParsePrefix(subnet.Text("cidrBlock"))}
}

// machine describes the container of an instance, and notes its name and its first firewall in the record.
func (tx *Tx) machine(name string, r *Record, in Values) machines.Machine {
	r.Container = tx.containerName(name, r)
	r.Firewall = tx.firewall(r).Ruleset()
	address := netip.MustParseAddr(r.Text("privateIp"))
	data, _ := userData(in) // Check has decoded it before
	m := machines.Machine{ID: r.ID, Container: r.Container, Network: network(tx.Find(r.Text("subnetId"), subnetToken)), Address: address,
		Hostname: hostname(address), FQDN: r.Text("privateDns"), UserData: data, Firewall: r.Firewall,
		Size: sizeOf(r.Text("instanceType"))}
	if key := tx.Find(r.Text("keyName"), keyPairToken); key != nil {
		m.PublicKey = key.Text("publicKey")
	}
	return m
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// containerName is the instance's Name tag after the twin's name, or its identifier when another instance has that name.
func (tx *Tx) containerName(name string, r *Record) string {
	tag := notInNames.ReplaceAllString(r.Inputs.Object("tags").Text("Name"), "-")
	if tag = strings.Trim(tag, "-."); tag == "" {
		return name + "-" + r.ID
	}
	wanted := name + "-" + tag
	for _, other := range tx.Everywhere(instanceToken) {
		if other != r && other.Container == wanted {
			return name + "-" + r.ID
		}
	}
	return wanted
}
