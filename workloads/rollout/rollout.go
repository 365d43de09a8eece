// Package rollout holds an update of a Deployment up until its pods are the new ones.
//
// The Kubernetes provider means to do the same, but while it awaits another Deployment as well it may judge the old status under
// the new template, which is that of a finished rollout: with 4.25.0, updates were over before the old pods were told to stop.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// watch looks at the Deployments of one cluster.
type watch struct {
	// known is closed once kubeconfig is set.
	known      chan struct{}
	kubeconfig string
	// pause is between two looks, and limit ends them.
	pause, limit time.Duration
}

// Hooks are for the Deployments of a cluster, in an update of each: it ends once the API server says that the pods are those of the
// new template, and fails where Kubernetes gives the rollout up or limit has passed. The kubeconfig has one cluster and one user,
// with their certificates in it. The name is that of the hook, unique in the stack.
func Hooks(ctx *pulumi.Context, name string, kubeconfig pulumi.StringInput, limit time.Duration) (*pulumi.ResourceHookBinding, error) {
	w := &watch{known: make(chan struct{}), pause: time.Second, limit: limit}
	kubeconfig.ToStringOutput().ApplyT(func(text string) string {
		w.kubeconfig = text
		close(w.known)
		return ""
	})
	hook, err := ctx.RegisterResourceHook(name, func(args *pulumi.ResourceHookArgs) error {
		return w.wait(ctx.Context(), args.NewOutputs)
	}, nil)
	if err != nil {
		return nil, err
	}
	return &pulumi.ResourceHookBinding{AfterUpdate: []*pulumi.ResourceHook{hook}}, nil
}

// wait ends once the API server says that the Deployment's pods are those of the template that it has now, or that they will not
// be. An API server that does not answer says neither.
func (w *watch) wait(ctx context.Context, outputs resource.PropertyMap) error {
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	meta := resource.FromResourcePropertyMap(outputs).Get("metadata").AsMap()
	name, namespace := meta.Get("name").AsString(), meta.Get("namespace").AsString()
	select {
	case <-w.known:
	case <-ctx.Done():
		return ctx.Err()
	}
	server, err := openAPIServer(w.kubeconfig)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(w.pause)
	defer ticker.Stop()
	path := "/apis/apps/v1/namespaces/" + url.PathEscape(namespace) + "/deployments/" + url.PathEscape(name)
	var missing error
	for {
		var d deployment
		err := server.get(ctx, path, &d)
		if err == nil {
			err = d.missing()
		}
		if err == nil {
			return nil
		}
		if missing == nil || ctx.Err() == nil {
			missing = err // the last that somebody said
		}
		if errors.Is(err, errStuck) {
			return fmt.Errorf("deployment %s/%s: %w", namespace, name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("deployment %s/%s: after %s: %w", namespace, name, w.limit, missing)
		case <-ticker.C:
		}
	}
}

// deployment is what a rollout is judged by, as kubectl rollout status does.
type deployment struct {
	Metadata struct{ Generation int64 }
	Spec     struct{ Replicas int64 }
	Status   struct {
		ObservedGeneration, Replicas, UpdatedReplicas, AvailableReplicas int64
		Conditions                                                       []struct{ Type, Reason, Message string }
	}
}

// errStuck is a rollout that Kubernetes has given up.
var errStuck = errors.New("the rollout failed")

// missing is what the rollout still lacks.
func (d deployment) missing() error {
	s := d.Status
	if s.ObservedGeneration < d.Metadata.Generation {
		return errors.New("the new template is not being rolled out")
	}
	for _, c := range s.Conditions {
		if c.Type == "Progressing" && c.Reason == "ProgressDeadlineExceeded" {
			return fmt.Errorf("%w: %s", errStuck, c.Message)
		}
	}
	if s.UpdatedReplicas < d.Spec.Replicas || s.Replicas > s.UpdatedReplicas || s.AvailableReplicas < s.UpdatedReplicas {
		return fmt.Errorf("%d of %d pods are new, %d of them available, and %d are old",
			s.UpdatedReplicas, d.Spec.Replicas, s.AvailableReplicas, s.Replicas-s.UpdatedReplicas)
	}
	return nil
}
