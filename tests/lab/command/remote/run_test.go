package remote

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mustCreate returns the inputs and the state of a command that ran.
func (b *bench) mustCreate(create string, changes map[string]any) (inputs, state resource.PropertyMap) {
	b.t.Helper()
	inputs = b.checked(b.inputs(create, changes))
	made, err := b.create(b.t.Context(), inputs, false)
	require.NoError(b.t, err)
	return inputs, b.unpack(made.GetProperties())
}

// What the record does not show.
func TestRun(t *testing.T) {
	t.Run("stdin_reaches_the_command_and_only_it", func(t *testing.T) {
		b := newBench(t)
		_, state := b.mustCreate("wc -c | tr -d ' '", map[string]any{"stdin": "hush!"})
		assert.Equal(t, "5", state["stdout"].StringValue())
		assert.NotContains(t, b.engine.text(), "hush!")
	})
	t.Run("environment_is_set_where_the_server_accepts_it", func(t *testing.T) {
		b := newBench(t)
		b.server.AcceptEnv = []string{"GREETING"}
		_, state := b.mustCreate("echo $GREETING", map[string]any{"environment": map[string]any{"GREETING": "hello"}})
		assert.Equal(t, "hello", state["stdout"].StringValue())
	})
	t.Run("the_previous_output_is_in_the_environment_unless_switched_off", func(t *testing.T) {
		b := newBench(t)
		b.server.AcceptEnv = []string{"PULUMI_COMMAND_STDOUT"}
		inputs, state := b.mustCreate("echo first", nil)
		for addPrevious, want := range map[bool]string{true: "got first", false: "got"} {
			changed := inputs.Copy()
			changed["update"] = resource.NewProperty("echo got $PULUMI_COMMAND_STDOUT")
			changed["addPreviousOutputInEnv"] = resource.NewProperty(addPrevious)
			updated, err := b.update(t.Context(), state, inputs, changed, false)
			require.NoError(t, err)
			assert.Equal(t, want, b.unpack(updated.GetProperties())["stdout"].StringValue())
		}
	})
	t.Run("a_previous_output_that_the_server_refuses_is_a_warning", func(t *testing.T) {
		b := newBench(t)
		inputs, state := b.mustCreate("echo first", map[string]any{"addPreviousOutputInEnv": true})
		_, err := b.update(t.Context(), state, inputs, inputs, false)
		require.NoError(t, err)
		assert.Contains(t, b.engine.text(), "Unable to set 'PULUMI_COMMAND_STDOUT'")
	})
	t.Run("a_server_that_comes_late_is_waited_for", func(t *testing.T) {
		b := newBench(t)
		free, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := free.Addr().(*net.TCPAddr)
		require.NoError(t, free.Close())
		inputs := b.checked(b.inputs("true", map[string]any{
			"connection": b.connection(address.Port, map[string]any{"dialErrorLimit": 60.0}),
		}))
		done := make(chan error, 1)
		go func() {
			_, err := b.create(t.Context(), inputs, false)
			done <- err
		}()
		assert.Equal(t, "Dial 1/60 failed: retrying", b.engine.await(t))
		b.server.Listen(t, address.String())
		require.NoError(t, <-done)
	})
	t.Run("without_a_delete_command_nothing_is_connected_to", func(t *testing.T) {
		b := newBench(t)
		inputs, state := b.mustCreate("true", nil)
		require.NoError(t, b.delete(t.Context(), state, inputs))
		assert.Equal(t, 1, b.server.Logins())
	})
}

func TestModel(t *testing.T) {
	model := func(t *testing.T) *bench {
		t.Helper()
		b := newBench(t)
		state := t.TempDir()
		t.Setenv("TWIN_MODE", "model")
		t.Setenv("TWIN_STATE", state)
		require.NoError(t, os.Mkdir(filepath.Join(state, "answers"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(state, "answers", "kubeconfig.sh"), []byte("kind: Config\n"), 0o600))
		return b
	}
	t.Run("nothing_is_connected_to", func(t *testing.T) {
		b := model(t)
		_, state := b.mustCreate("sudo /opt/join.sh", nil)
		assert.Empty(t, state["stdout"].StringValue())
		assert.Zero(t, b.server.Logins())
	})
	t.Run("a_command_that_names_an_answer_writes_it", func(t *testing.T) {
		_, state := model(t).mustCreate("sudo /opt/kubeconfig.sh now", nil)
		assert.Equal(t, "kind: Config", state["stdout"].StringValue())
	})
	for _, c := range []struct {
		name, message string
		change        map[string]any
	}{
		{"a_host_key_is_required", "connection.hostKey <unset>: required", map[string]any{"hostKey": nil}},
		{"a_host_key_must_parse", "connection: failed to parse host key: ssh: no key found", map[string]any{"hostKey": "garbage"}},
		{"a_private_key_is_required", "connection.privateKey <unset>: required", map[string]any{"privateKey": nil}},
		{"a_private_key_must_parse", "connection: ssh: no key found", map[string]any{"privateKey": "garbage"}},
		{"a_host_must_not_be_empty", "connection.host <unset>: required", map[string]any{"host": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := model(t)
			_, err := b.create(t.Context(), b.checked(b.inputs("true", map[string]any{"connection": b.connection(b.port, c.change)})), false)
			require.ErrorContains(t, err, "desc = "+c.message)
		})
	}
}
