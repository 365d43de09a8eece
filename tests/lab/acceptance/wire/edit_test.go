package wire

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func registration(t *testing.T) *pulumirpc.RegisterResourceRequest {
	t.Helper()
	object, err := plugin.MarshalProperties(resource.PropertyMap{
		"size":  resource.NewProperty(3.0),
		"tags":  resource.MakeSecret(resource.NewProperty(resource.PropertyMap{"Name": resource.NewProperty("a"), "Owner": resource.NewProperty("b")})),
		"ports": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{"port": resource.NewProperty(80.0)})}),
		"vpcId": resource.MakeComputed(resource.NewProperty("")),
	}, marshalling)
	require.NoError(t, err)
	return &pulumirpc.RegisterResourceRequest{
		Type: "test:index:Thing", Name: "thing-1", Object: object, IgnoreChanges: []string{"ami", "size"},
		PropertyDependencies: map[string]*pulumirpc.RegisterResourceRequest_PropertyDependencies{"vpcId": {Urns: []string{"urn:old"}}},
	}
}

func TestEditsMatchByTypeAndPattern(t *testing.T) {
	for _, c := range []struct {
		edit Edit
		want bool
	}{
		{Edit{Type: "test:index:Thing", Name: "thing-1"}, true},
		{Edit{Type: "test:index:Thing", Name: "thing-*"}, true},
		{Edit{Type: "test:index:Thing", Name: "thing"}, false},
		{Edit{Type: "test:index:Other", Name: "thing-1"}, false},
	} {
		got, err := c.edit.matches(registration(t))
		require.NoError(t, err)
		assert.Equal(t, c.want, got, c.edit)
	}
}

func TestEditsChangeWhatAPathNames(t *testing.T) {
	req := registration(t)
	require.NoError(t, Edit{
		Set:    map[string]any{"size": 4, "ports[0].nodePort": 30080, "spec.deep": "new", "tags.Name": "changed"},
		Delete: []string{"tags.Owner"},
		Refer:  map[string]Reference{"vpcId": {"test:index:Vpc", "other"}},
		Follow: []string{"ami"},
	}.apply(req, map[Reference]string{{"test:index:Vpc", "other"}: "urn:other"}))
	got, err := plugin.UnmarshalProperties(req.GetObject(), marshalling)
	require.NoError(t, err)
	assert.InDelta(t, 4, got["size"].NumberValue(), 0)
	assert.InDelta(t, 30080, got["ports"].ArrayValue()[0].ObjectValue()["nodePort"].NumberValue(), 0)
	assert.InDelta(t, 80, got["ports"].ArrayValue()[0].ObjectValue()["port"].NumberValue(), 0, "what is not named stays")
	assert.Equal(t, "new", got["spec"].ObjectValue()["deep"].StringValue())
	assert.True(t, got["tags"].IsSecret(), "a secret stays one")
	assert.Equal(t, resource.PropertyMap{"Name": resource.NewProperty("changed")}, got["tags"].SecretValue().Element.ObjectValue())
	assert.Equal(t, []string{"urn:other"}, req.GetPropertyDependencies()["vpcId"].GetUrns())
	assert.Equal(t, []string{"size"}, req.GetIgnoreChanges())
}

// An edit that changes nothing would be a variant without its fault.
func TestEditsThatChangeNothingFail(t *testing.T) {
	for _, c := range []struct {
		edit Edit
		want string
	}{
		{Edit{Delete: []string{"colour"}}, `path "colour": nothing at "colour"`},
		{Edit{Delete: []string{"vpcId.name"}}, `path "vpcId.name": nothing at "name"`},
		{Edit{Set: map[string]any{"ports[5].port": 1}}, `path "ports[5].port": no element 5`},
		{Edit{Follow: []string{"userData"}}, "follow userData: not among ignoreChanges"},
		{Edit{Unprotect: true}, "unprotect: thing-1 is not protected"},
		{Edit{Refer: map[string]Reference{"vpcId": {"test:index:Vpc", "none"}}}, "refer vpcId to none"},
	} {
		assert.ErrorContains(t, c.edit.apply(registration(t), nil), c.want)
	}
}
