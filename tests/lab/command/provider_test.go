package command

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/command/remote/sshtest"
)

func TestConnection(t *testing.T) {
	t.Run("the_pinned_host_key_is_accepted", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "echo out; echo err >&2"}))
		assert.Equal(t, "out", made.Properties["stdout"].StringValue())
		assert.Equal(t, "err", made.Properties["stderr"].StringValue())
	})
	t.Run("another_host_key_fails_at_once_and_says_so", func(t *testing.T) {
		b := newBench(t)
		other := sshtest.NewKey(t)
		// With retries this would take minutes and the test's deadline would tell.
		_, err := b.create(b.inputs(map[string]any{"create": "true"},
			map[string]any{"hostKey": other.Public, "dialErrorLimit": 60.0}))
		require.ErrorContains(t, err, "host key mismatch: the server shows ssh-ed25519 SHA256:")
		assert.NotContains(t, b.log.text(), "retrying")
		assert.Empty(t, b.server.Lines())
	})
	t.Run("no_host_key_admits_any_server", func(t *testing.T) {
		b := newBench(t)
		b.mustCreate(b.inputs(map[string]any{"create": "true"}, map[string]any{"hostKey": nil}))
		assert.Len(t, b.server.Lines(), 1)
	})
	t.Run("a_server_that_comes_late_is_waited_for", func(t *testing.T) {
		b := newBench(t)
		free, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := free.Addr().(*net.TCPAddr)
		require.NoError(t, free.Close())
		done := make(chan error, 1)
		go func() {
			_, err := b.Create(context.Background(), plugin.CreateRequest{
				URN: commandURN, Properties: b.check(commandURN, b.inputs(map[string]any{"create": "true"},
					map[string]any{"port": float64(address.Port), "dialErrorLimit": 60.0})),
			})
			done <- err
		}()
		line := b.log.next(t)
		assert.Equal(t, "Dial 1/60 failed: retrying", line.GetMessage())
		assert.True(t, line.GetEphemeral())
		b.server.Listen(t, address.String())
		require.NoError(t, <-done)
	})
	t.Run("dials_end_at_the_limit", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{"create": "true"},
			map[string]any{"privateKey": sshtest.NewKey(t).Private, "dialErrorLimit": 2.0}))
		require.ErrorContains(t, err, "after 2 failed attempts: ssh: handshake failed: ssh: unable to authenticate")
	})
	t.Run("a_server_that_says_nothing_runs_into_the_timeout_of_a_dial", func(t *testing.T) {
		b := newBench(t)
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = silent.Close() })
		start := time.Now()
		_, err = b.create(b.inputs(map[string]any{"create": "true"}, map[string]any{
			"port": float64(silent.Addr().(*net.TCPAddr).Port), "perDialTimeout": 1.0, "dialErrorLimit": 0.0,
		}))
		require.ErrorContains(t, err, "i/o timeout")
		assert.Less(t, time.Since(start), 30*time.Second)
	})
	t.Run("a_password_logs_in", func(t *testing.T) {
		b := newBench(t)
		b.server.Password = "hunter2"
		b.mustCreate(b.inputs(map[string]any{"create": "true"}, map[string]any{"privateKey": nil, "password": "hunter2"}))
	})
	t.Run("a_proxy_is_gone_through", func(t *testing.T) {
		b := newBench(t)
		bastion := sshtest.New(t, "jump", b.login)
		port := bastion.Listen(t, "127.0.0.1:0")
		b.mustCreate(b.inputs(map[string]any{"create": "true"}, map[string]any{"proxy": map[string]any{
			"host": "127.0.0.1", "port": float64(port), "user": "jump",
			"privateKey": b.login.Private, "hostKey": bastion.HostKey,
		}}))
		assert.Equal(t, 1, bastion.Logins())
		assert.Equal(t, []string{"true"}, b.server.Lines())
	})
	t.Run("a_broken_key_is_no_reason_to_dial_again", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{"create": "true"}, map[string]any{"privateKey": "garbage"}))
		require.EqualError(t, err, "privateKey: ssh: no key found")
	})
}

func TestCheck(t *testing.T) {
	b := newBench(t)
	t.Run("defaults_are_filled_in_and_the_connection_is_secret", func(t *testing.T) {
		checked := b.check(commandURN, resource.NewPropertyMapFromMap(map[string]any{
			"create": "true", "connection": map[string]any{"host": "192.0.2.1"},
		}))
		require.True(t, checked["connection"].IsSecret())
		assert.Equal(t, map[string]any{
			"host": "192.0.2.1", "user": "root", "port": 22.0, "dialErrorLimit": 10.0, "perDialTimeout": 15.0,
		}, checked["connection"].SecretValue().Element.ObjectValue().Mappable())
		assert.True(t, checked["addPreviousOutputInEnv"].BoolValue())
	})
	t.Run("an_unknown_host_is_left_for_later", func(t *testing.T) {
		inputs := b.inputs(map[string]any{"create": "true"})
		inputs["connection"].ObjectValue()["host"] = resource.MakeComputed(resource.NewProperty(""))
		assert.True(t, b.check(commandURN, inputs)["connection"].ContainsUnknowns())
	})
	for _, c := range []struct {
		name, reason string
		change       func(resource.PropertyMap)
	}{
		{
			"a_connection_needs_a_host", "missing required property 'connection.host'",
			func(m resource.PropertyMap) { delete(m["connection"].ObjectValue(), "host") },
		},
		{
			"a_command_needs_a_connection", "missing required property 'connection'",
			func(m resource.PropertyMap) { delete(m, "connection") },
		},
		{
			"logging_is_one_of_four", "must be stdout, stderr, stdoutAndStderr or none",
			func(m resource.PropertyMap) { m["logging"] = resource.NewProperty("loud") },
		},
		{
			"an_unknown_key_is_refused", `json: unknown field "creat"`,
			func(m resource.PropertyMap) { m["creat"] = resource.NewProperty("x") },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			inputs := b.inputs(map[string]any{"create": "true"})
			c.change(inputs)
			resp, err := b.Check(t.Context(), plugin.CheckRequest{URN: commandURN, News: inputs})
			require.NoError(t, err)
			require.Len(t, resp.Failures, 1)
			assert.Equal(t, c.reason, resp.Failures[0].Reason)
		})
	}
}

func TestDiff(t *testing.T) {
	b := newBench(t)
	base := func() resource.PropertyMap {
		return b.inputs(map[string]any{"create": "true", "triggers": []any{"one"}})
	}
	for _, c := range []struct {
		name     string
		change   func(resource.PropertyMap)
		changes  plugin.DiffChanges
		replaces bool
	}{
		{"nothing_changed", func(resource.PropertyMap) {}, plugin.DiffNone, false},
		{
			"another_command_updates", func(m resource.PropertyMap) { m["create"] = resource.NewProperty("false") },
			plugin.DiffSome, false,
		},
		{
			"another_port_updates",
			func(m resource.PropertyMap) { m["connection"].ObjectValue()["port"] = resource.NewProperty(2222.0) },
			plugin.DiffSome, false,
		},
		{
			"another_trigger_replaces",
			func(m resource.PropertyMap) { m["triggers"] = resource.NewPropertyValue([]any{"two"}) },
			plugin.DiffSome, true,
		},
		{
			"one_trigger_more_replaces",
			func(m resource.PropertyMap) { m["triggers"] = resource.NewPropertyValue([]any{"one", "two"}) },
			plugin.DiffSome, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			news := base()
			c.change(news)
			diff, err := b.Diff(t.Context(), plugin.DiffRequest{
				URN: commandURN, OldInputs: b.check(commandURN, base()), NewInputs: b.check(commandURN, news),
			})
			require.NoError(t, err)
			assert.Equal(t, c.changes, diff.Changes)
			assert.Equal(t, c.replaces, len(diff.ReplaceKeys) > 0)
		})
	}
}
