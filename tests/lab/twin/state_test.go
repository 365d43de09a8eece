package twin_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestState(t *testing.T) {
	t.Run("it survives the provider", func(t *testing.T) {
		s := newSite(t, nil)
		node := s.create(instanceToken, "node", s.node(nil))
		again := newCloud(t, s.dir, nil)
		assert.Equal(t, node.id, again.read(node).Id)
		assert.Equal(t, again.properties(node.outputs), again.properties(again.read(node).Properties), "a refresh finds no change")
		assert.Equal(t, again.properties(node.inputs), again.properties(again.read(node).Inputs))
	})
	t.Run("a refresh sees that a resource is gone", func(t *testing.T) {
		s := newSite(t, nil)
		rule := s.create(ingressToken, "ssh", ssh(s))
		s.edit(func(resources map[string]any) { delete(resources, rule.id) })
		assert.Empty(t, s.read(rule).Id)
		assert.NoError(t, s.delete(rule), "what is gone need not be deleted")
	})
	t.Run("a refresh sees what somebody changed", func(t *testing.T) {
		s := newSite(t, nil)
		rule := s.create(ingressToken, "ssh", ssh(s))
		s.edit(func(resources map[string]any) {
			resources[rule.id].(map[string]any)["inputs"].(map[string]any)["cidrIpv4"] = "0.0.0.0/0"
		})
		assert.Equal(t, "0.0.0.0/0", s.properties(s.read(rule).Inputs)["cidrIpv4"].StringValue())
	})
	t.Run("one that cannot be read says what to do", func(t *testing.T) {
		for content, want := range map[string]string{
			`{"version": 1, "resources": {}}`: "version 1, this twin reads 2; remove the lab with `make down`",
			`{"version": 2,`:                  "unexpected end of JSON input; remove the lab with `make down`",
			`{"resources": {"x-1": {"id": "x-1", "type": "aws:x:X"}}}`: "resource x-1: unknown type \"aws:x:X\"; remove the lab with `make down`",
		} {
			c := newCloud(t, t.TempDir(), nil)
			require.NoError(t, os.WriteFile(filepath.Join(c.dir, "ec2.json"), []byte(content), 0o600))
			_, err := c.try(eipToken, "eip", in{"domain": "vpc"})
			require.ErrorContains(t, err, want)
		}
	})
	t.Run("two providers do not lose each other's changes", func(t *testing.T) {
		dir := t.TempDir()
		clouds := []*cloud{newCloud(t, dir, nil), newCloud(t, dir, nil)}
		made := make(chan error, 20)
		for i := range 20 {
			go func() {
				_, err := clouds[i%2].try(keyToken, fmt.Sprint("key-", i), in{"publicKey": publicKey})
				made <- err
			}()
		}
		for range 20 {
			require.NoError(t, <-made)
		}
		assert.Len(t, clouds[0].resources(), 20)
	})
}

func (c *cloud) resources() map[string]any {
	data, err := os.ReadFile(filepath.Join(c.dir, "ec2.json"))
	require.NoError(c.t, err)
	var state struct{ Resources map[string]any }
	require.NoError(c.t, json.Unmarshal(data, &state))
	return state.Resources
}

// edit changes the account behind Pulumi's back.
func (c *cloud) edit(change func(resources map[string]any)) {
	c.t.Helper()
	resources := c.resources()
	change(resources)
	data, err := json.Marshal(map[string]any{"resources": resources})
	require.NoError(c.t, err)
	require.NoError(c.t, os.WriteFile(filepath.Join(c.dir, "ec2.json"), data, 0o600))
}
