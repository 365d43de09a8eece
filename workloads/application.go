package workloads

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// applicationDrain lets a stopping pod serve while nodes forget it; then it is told to end its open requests and exit.
	applicationDrain = 5
	// applicationGrace leaves open requests, which the frontend's template bounds at 15 seconds, time to end.
	applicationGrace = 30
	// applicationStartup is how long an application may take until it is alive.
	applicationStartup = 60
)

// application is the tier that runs a, without what only one of the two has.
func (a Application) application(name string) *tier {
	t := &tier{
		Tier:      a.Tier,
		autoscale: a.Autoscale,
		name:      name,
		portName:  httpPort,
		port:      a.Port,
		uid:       a.User,
		gid:       a.User,
		args:      a.Args,
		env:       corev1.EnvVarArray{variable("PORT", strconv.Itoa(a.Port))},
		probes: probes{
			alive:          check{path: a.LivenessPath},
			ready:          check{path: a.ReadinessPath},
			startupSeconds: applicationStartup,
		},
		mounts:  []mount{scratch("tmp", "/tmp", "64Mi")},
		spreads: true,
		drain:   applicationDrain,
		grace:   applicationGrace,
		// A full node still rolls: where the extra pod finds no room, an old one makes it.
		strategy: rolling(surges[name], 1),
	}
	if a.Port < 1024 {
		// For a user who is not root and has no capability. The sysctl acts in the pod's network only, and Kubernetes and
		// the restricted standard count it as safe.
		t.sysctls = corev1.SysctlArray{corev1.SysctlArgs{
			Name: pulumi.String("net.ipv4.ip_unprivileged_port_start"), Value: pulumi.String(strconv.Itoa(a.Port)),
		}}
	}
	return t
}

// isNginx tells whether the image's repository is named nginx.
func (t Tier) isNginx() bool {
	match := imageReference.FindStringSubmatch(t.Image)
	return match != nil && path.Base(match[imageReference.SubexpIndex("repository")]) == "nginx"
}

// complete adds what the user asked for to the platform's variables and directories.
func (to *target) complete(t *tier, a Application) error {
	secrets, err := to.secretEnv(t, a.SecretEnv)
	if err != nil {
		return err
	}
	t.env = slices.DeleteFunc(t.env, func(item corev1.EnvVarInput) bool {
		name := string(item.(corev1.EnvVarArgs).Name.(pulumi.String))
		return a.sets(name) || name == databaseURL && slices.ContainsFunc(databaseVariables, a.sets)
	})
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		t.env = append(t.env, variable(name, a.Env[name]))
	}
	t.env = append(t.env, secrets...)

	t.mounts = slices.DeleteFunc(t.mounts, func(m mount) bool { return a.Scratch[m.path] != "" })
	for i, directory := range slices.Sorted(maps.Keys(a.Scratch)) {
		t.mounts = append(t.mounts, scratch("scratch-"+strconv.Itoa(i), directory, a.Scratch[directory]))
	}
	return nil
}

// sets tells whether the user sets the variable.
func (a Application) sets(name string) bool {
	_, plain := a.Env[name]
	_, secret := a.SecretEnv[name]
	return plain || secret
}

// pathPattern is the regular expression of nginx for what begins with one of the paths.
func pathPattern(paths []string) string {
	patterns := []string{"$"} // no path is empty
	for _, p := range paths {
		pattern := regexp.QuoteMeta(p)
		if !strings.HasSuffix(p, "/") {
			pattern += "(/|$)"
		}
		patterns = append(patterns, pattern)
	}
	return "^(" + strings.Join(patterns, "|") + ")"
}

func variable(name, value string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
}

// podField is a variable with a field of the pod.
func podField(name, path string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: corev1.EnvVarSourceArgs{
		FieldRef: corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String(path)},
	}}
}

// secretKey is a variable with the value under a key of a Secret.
func secretKey(name string, secret pulumi.StringInput, key string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: corev1.EnvVarSourceArgs{
		SecretKeyRef: corev1.SecretKeySelectorArgs{Name: secret, Key: pulumi.String(key)},
	}}
}
