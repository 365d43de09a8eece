package pulumitest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	stackType          = "pulumi:pulumi:Stack"
	stackReferenceType = "pulumi:pulumi:StackReference"
	stashType          = "pulumi:index:Stash"
)

// StackURN is the URN of the stack itself.
var StackURN = newURN("", stackType, Project+"-"+Stack)

var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

// monitor answers a program in the place of the engine's resource monitor.
type monitor struct {
	pulumirpc.UnimplementedResourceMonitorServer
	rec *Recorder
}

func newURN(parent, typ, name string) string {
	var parentType tokens.Type
	if urn := resource.URN(parent); parent != "" && urn.QualifiedType() != resource.RootStackType {
		parentType = urn.QualifiedType()
	}
	return string(resource.NewURN(Stack, Project, parentType, tokens.Type(typ), name))
}

// GetDeploymentInfo offers what the engine offers, except output values: without them secrets and unknowns arrive in
// one form only.
func (m *monitor) GetDeploymentInfo(context.Context, *emptypb.Empty) (*pulumirpc.DeploymentInfo, error) {
	return &pulumirpc.DeploymentInfo{
		Project: Project, Stack: Stack,
		SupportedFeatures: []pulumirpc.ResourceMonitorFeature{
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_SECRETS,
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_DELETED_WITH,
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
			pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
		},
	}, nil
}

func (m *monitor) RegisterResource(
	_ context.Context, in *pulumirpc.RegisterResourceRequest,
) (*pulumirpc.RegisterResourceResponse, error) {
	m.rec.mu.Lock()
	defer m.rec.mu.Unlock()
	if in.GetType() == stackType {
		return &pulumirpc.RegisterResourceResponse{Urn: StackURN}, nil
	}
	inputs, err := plugin.UnmarshalProperties(in.GetObject(), wire)
	if err != nil {
		return nil, err
	}
	parent := in.GetParent()
	if parent == "" {
		parent = StackURN
	}
	res := &Resource{
		Type: in.GetType(), Name: in.GetName(), URN: newURN(parent, in.GetType(), in.GetName()),
		ID: in.GetImportId(), Custom: in.GetCustom(), Parent: parent,
		Provider: in.GetProvider(), Providers: in.GetProviders(),
		Dependencies: in.GetDependencies(), PropertyDeps: map[string][]string{}, Aliases: in.GetAliasURNs(),
		DeletedWith: in.GetDeletedWith(), ReplaceWith: in.GetReplaceWith(), IgnoreChanges: in.GetIgnoreChanges(),
		ReplaceOnChanges: in.GetReplaceOnChanges(), AdditionalSecretOutputs: in.GetAdditionalSecretOutputs(),
		Protect: in.GetProtect(), DeleteBeforeReplace: in.GetDeleteBeforeReplace(), RetainOnDelete: in.GetRetainOnDelete(),
		CreateTimeout: in.GetCustomTimeouts().GetCreate(), UpdateTimeout: in.GetCustomTimeouts().GetUpdate(),
		DeleteTimeout: in.GetCustomTimeouts().GetDelete(), Version: in.GetVersion(), Inputs: inputs,
	}
	hooks := in.GetHooks()
	res.Hooks = map[string][]string{
		"beforeCreate": hooks.GetBeforeCreate(), "afterCreate": hooks.GetAfterCreate(), "beforeUpdate": hooks.GetBeforeUpdate(),
		"afterUpdate": hooks.GetAfterUpdate(), "beforeDelete": hooks.GetBeforeDelete(), "afterDelete": hooks.GetAfterDelete(),
		"onError": hooks.GetOnError(),
	}
	for property, deps := range in.GetPropertyDependencies() {
		res.PropertyDeps[property] = deps.GetUrns()
	}
	for _, alias := range in.GetAliases() {
		if spec := alias.GetSpec(); spec != nil {
			res.Aliases = append(res.Aliases, spec.GetName())
		} else {
			res.Aliases = append(res.Aliases, alias.GetUrn())
		}
	}
	if message, ok := m.rec.failures[key{res.Type, res.Name}]; ok {
		return nil, errors.New(message)
	}
	m.rec.add(res)
	m.rec.compute(res)
	object, err := plugin.MarshalProperties(res.Outputs, wire)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.RegisterResourceResponse{Urn: res.URN, Id: res.ID, Object: object}, nil
}

func (m *monitor) ReadResource(
	_ context.Context, in *pulumirpc.ReadResourceRequest,
) (*pulumirpc.ReadResourceResponse, error) {
	m.rec.mu.Lock()
	defer m.rec.mu.Unlock()
	inputs, err := plugin.UnmarshalProperties(in.GetProperties(), wire)
	if err != nil {
		return nil, err
	}
	parent := in.GetParent()
	if parent == "" {
		parent = StackURN
	}
	res := &Resource{
		Type: in.GetType(), Name: in.GetName(), URN: newURN(parent, in.GetType(), in.GetName()), ID: in.GetId(),
		Custom: true, Read: true, Parent: parent, Provider: in.GetProvider(), Dependencies: in.GetDependencies(),
		AdditionalSecretOutputs: in.GetAdditionalSecretOutputs(), Inputs: inputs,
	}
	if res.Type == stackReferenceType {
		if _, ok := m.rec.references[res.ID]; !ok {
			m.rec.problem("unexpected stack reference %q", res.ID)
			return nil, fmt.Errorf("unknown stack %q", res.ID)
		}
	}
	m.rec.add(res)
	m.rec.compute(res)
	properties, err := plugin.MarshalProperties(res.Outputs, wire)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResourceResponse{Urn: res.URN, Properties: properties}, nil
}

func (m *monitor) RegisterResourceOutputs(
	_ context.Context, in *pulumirpc.RegisterResourceOutputsRequest,
) (*emptypb.Empty, error) {
	m.rec.mu.Lock()
	defer m.rec.mu.Unlock()
	outputs, err := plugin.UnmarshalProperties(in.GetOutputs(), wire)
	if err != nil {
		return nil, err
	}
	if in.GetUrn() == StackURN {
		m.rec.exports = outputs
	} else if res := m.rec.byURN[in.GetUrn()]; res != nil {
		res.Outputs, res.registeredOutputs = outputs, true
	} else {
		m.rec.problem("outputs registered for %s, which was not", in.GetUrn())
	}
	return &emptypb.Empty{}, nil
}

func (m *monitor) Invoke(
	_ context.Context, in *pulumirpc.ResourceInvokeRequest,
) (*pulumirpc.ResourceInvokeResponse, error) {
	m.rec.mu.Lock()
	defer m.rec.mu.Unlock()
	properties, err := plugin.UnmarshalProperties(in.GetArgs(), wire)
	if err != nil {
		return nil, err
	}
	args := plain(resource.NewProperty(properties)).(map[string]any)
	m.rec.calls = append(m.rec.calls, Call{Token: in.GetTok(), Args: args, Provider: in.GetProvider()})
	answer, ok := m.rec.invokes[in.GetTok()]
	if !ok {
		m.rec.problem("unexpected call of %s with %v", in.GetTok(), args)
		return nil, fmt.Errorf("%s is not prepared", in.GetTok())
	}
	result, err := answer(args)
	if err != nil {
		return nil, err
	}
	returned, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(result), wire)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ResourceInvokeResponse{Return: returned}, nil
}

func (m *monitor) RegisterPackage(
	context.Context, *pulumirpc.RegisterPackageRequest,
) (*pulumirpc.RegisterPackageResponse, error) {
	return &pulumirpc.RegisterPackageResponse{Ref: "package"}, nil
}

// RegisterResourceHook takes note of nothing: hooks run where something is made.
func (m *monitor) RegisterResourceHook(context.Context, *pulumirpc.RegisterResourceHookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (m *monitor) RegisterErrorHook(context.Context, *pulumirpc.RegisterErrorHookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (m *monitor) SignalAndWaitForShutdown(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// add records a resource and notes what the real engine, or a reviewer, would object to.
func (r *Recorder) add(res *Resource) {
	id := key{res.Type, res.Name}
	if r.byKey[id] != nil {
		r.problem("duplicate resource %s %q", res.Type, res.Name)
	}
	free := (!res.Custom && !res.Read) || res.Type == stackReferenceType || res.Type == stashType || strings.HasPrefix(res.Type, "pulumi:providers:")
	if res.Parent == StackURN && !free && !r.onStack[res.Type] {
		r.problem("resource %s %q has the stack as its parent", res.Type, res.Name)
	}
	if res.Parent != StackURN && r.byURN[res.Parent] == nil {
		r.problem("resource %s %q has an unregistered parent %s", res.Type, res.Name, res.Parent)
	}
	r.resources = append(r.resources, res)
	r.byKey[id], r.byURN[res.URN] = res, res
}

// compute sets id and outputs: the inputs, what the type computes, and in a preview unknowns instead.
func (r *Recorder) compute(res *Resource) {
	res.Outputs = maps.Clone(res.Inputs)
	if res.Outputs == nil {
		res.Outputs = resource.PropertyMap{}
	}
	if !res.Custom {
		return
	}
	if res.ID == "" {
		res.ID = ID(res.Name)
	}
	computed := resource.PropertyMap{}
	for _, output := range r.outputs[res.Type] {
		maps.Copy(computed, resource.NewPropertyMapFromMap(output(res)))
	}
	if outputs, ok := r.references[res.ID]; ok && res.Type == stackReferenceType {
		computed["outputs"] = resource.NewProperty(resource.NewPropertyMapFromMap(outputs))
	}
	if id, ok := computed["id"]; ok {
		res.ID = id.StringValue()
		delete(computed, "id")
	}
	for name, value := range computed {
		// The engine itself keeps a Stash, and knows it in a preview too.
		if !res.Read && res.Type != stashType && r.isUnknown(res, string(name)) {
			value = resource.MakeComputed(resource.NewProperty(""))
		}
		res.Outputs[name] = value
	}
	if !res.Read && r.isUnknown(res, "id") {
		res.ID = ""
	}
	for _, name := range res.AdditionalSecretOutputs {
		if value, ok := res.Outputs[resource.PropertyKey(name)]; ok && !value.IsSecret() {
			res.Outputs[resource.PropertyKey(name)] = resource.MakeSecret(value)
		}
	}
}

// engine keeps the program's log.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	rec *Recorder
}

func (e *engine) Log(_ context.Context, in *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.rec.mu.Lock()
	defer e.rec.mu.Unlock()
	e.rec.logs = append(e.rec.logs, strings.ToLower(in.GetSeverity().String())+": "+in.GetMessage())
	return &emptypb.Empty{}, nil
}
