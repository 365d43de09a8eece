package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Run("stdin_reaches_the_command_and_only_it", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "wc -c", "stdin": "12345"}))
		assert.Equal(t, "5", strings.TrimSpace(made.Properties["stdout"].StringValue()))
		assert.NotContains(t, b.log.text(), "12345")
	})
	t.Run("environment_is_set_where_the_server_accepts_it", func(t *testing.T) {
		b := newBench(t)
		b.server.AcceptEnv = []string{"GREETING"}
		made := b.mustCreate(b.inputs(map[string]any{
			"create": "echo $GREETING", "environment": map[string]any{"GREETING": "hello"},
		}))
		assert.Equal(t, "hello", made.Properties["stdout"].StringValue())
	})
	t.Run("environment_that_the_server_refuses_is_an_error", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{
			"create": "true", "environment": map[string]any{"GREETING": "hello"},
		}))
		require.EqualError(t, err, `could not set environment variable "GREETING": ssh: setenv failed`)
		assert.Contains(t, b.log.text(), "Unable to set 'GREETING'. This only works if")
		assert.Empty(t, b.server.Lines())
	})
	t.Run("a_failure_tells_exit_code_command_and_output", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{"create": "echo why >&2; exit 3", "logging": "none"}))
		require.EqualError(t, err, "Process exited with status 3: running \"echo why >&2; exit 3\":\nwhy\n")
	})
	t.Run("the_previous_output_is_in_the_environment_unless_switched_off", func(t *testing.T) {
		b := newBench(t)
		b.server.AcceptEnv = []string{"PULUMI_COMMAND_STDOUT", "PULUMI_COMMAND_STDERR"}
		first := b.inputs(map[string]any{"create": "echo first"})
		made := b.mustCreate(first)
		show := map[string]any{"create": "echo first", "update": "echo got $PULUMI_COMMAND_STDOUT"}
		assert.Equal(t, "got first", b.update(made, first, b.inputs(show)).Properties["stdout"].StringValue())
		show["addPreviousOutputInEnv"] = false
		assert.Equal(t, "got", b.update(made, first, b.inputs(show)).Properties["stdout"].StringValue())
	})
	t.Run("a_previous_output_that_the_server_refuses_is_a_warning", func(t *testing.T) {
		b := newBench(t)
		first := b.inputs(map[string]any{"create": "echo first"})
		made := b.mustCreate(first)
		b.log.text()
		b.update(made, first, b.inputs(map[string]any{"create": "echo second"}))
		assert.Contains(t, b.log.text(), "Unable to set 'PULUMI_COMMAND_STDOUT'")
	})
}

func TestLogging(t *testing.T) {
	for logging, want := range map[string]string{
		"": "out\nerr", "stdoutAndStderr": "out\nerr", "stdout": "out", "stderr": "err", "none": "",
	} {
		t.Run("logging_"+logging, func(t *testing.T) {
			b := newBench(t)
			values := map[string]any{"create": "echo out; printf err >&2"}
			if logging != "" {
				values["logging"] = logging
			}
			made := b.mustCreate(b.inputs(values))
			assert.ElementsMatch(t, strings.Fields(want), strings.Fields(b.log.text()))
			assert.Equal(t, "out", made.Properties["stdout"].StringValue(), "logging is not capturing")
		})
	}
}

func TestLife(t *testing.T) {
	t.Run("update_runs_update", func(t *testing.T) {
		b := newBench(t)
		inputs := b.inputs(map[string]any{"create": "echo made", "update": "echo updated"})
		b.update(b.mustCreate(inputs), inputs, b.inputs(map[string]any{"create": "echo other", "update": "echo updated"}))
		assert.Equal(t, []string{"echo made", "echo updated"}, b.server.Lines())
	})
	t.Run("update_without_update_runs_create", func(t *testing.T) {
		b := newBench(t)
		inputs := b.inputs(map[string]any{"create": "echo made"})
		b.update(b.mustCreate(inputs), inputs, b.inputs(map[string]any{"create": "echo again"}))
		assert.Equal(t, []string{"echo made", "echo again"}, b.server.Lines())
	})
	t.Run("delete_runs_with_the_connection_of_the_state", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "true", "delete": "echo gone"}))
		_, err := b.Delete(t.Context(), plugin.DeleteRequest{URN: commandURN, ID: made.ID, Outputs: made.Properties})
		require.NoError(t, err)
		assert.Equal(t, []string{"true", "echo gone"}, b.server.Lines())
	})
	t.Run("without_a_delete_command_nothing_is_connected_to", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "true"}))
		_, err := b.Delete(t.Context(), plugin.DeleteRequest{URN: commandURN, ID: made.ID, Outputs: made.Properties})
		require.NoError(t, err)
		assert.Equal(t, 1, b.server.Logins())
	})
	t.Run("a_preview_runs_nothing_and_knows_no_output", func(t *testing.T) {
		b := newBench(t)
		checked := b.check(commandURN, b.inputs(map[string]any{"create": "true"}))
		made, err := b.Create(t.Context(), plugin.CreateRequest{URN: commandURN, Properties: checked, Preview: true})
		require.NoError(t, err)
		assert.True(t, made.Properties["stdout"].IsComputed())
		changed, err := b.Update(t.Context(), plugin.UpdateRequest{
			URN: commandURN, OldInputs: checked, OldOutputs: checked, NewInputs: checked, Preview: true,
		})
		require.NoError(t, err)
		assert.True(t, changed.Properties["stderr"].IsComputed())
		assert.Zero(t, b.server.Logins())
	})
	t.Run("secret_inputs_stay_secret_in_the_state", func(t *testing.T) {
		b := newBench(t)
		inputs := b.inputs(map[string]any{"create": "cat >/dev/null", "logging": "none"})
		inputs["stdin"] = resource.MakeSecret(resource.NewProperty("hunter2"))
		made := b.mustCreate(inputs)
		assert.True(t, made.Properties["stdin"].IsSecret())
		assert.True(t, made.Properties["connection"].IsSecret())
		assert.False(t, made.Properties["stdout"].IsSecret(), "additionalSecretOutputs is for the program to say")
	})
}

func TestModel(t *testing.T) {
	model := func(t *testing.T) *bench {
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
		made := b.mustCreate(b.inputs(map[string]any{"create": "sudo /opt/join.sh"}))
		assert.Empty(t, made.Properties["stdout"].StringValue())
		assert.Zero(t, b.server.Logins())
	})
	t.Run("a_command_that_names_an_answer_writes_it", func(t *testing.T) {
		b := model(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "sudo /opt/kubeconfig.sh now"}))
		assert.Equal(t, "kind: Config", made.Properties["stdout"].StringValue())
	})
	for _, c := range []struct {
		name, message string
		change        map[string]any
	}{
		{"a_host_key_is_required", "connection.hostKey <unset>: required, an unknown machine is not to be trusted", map[string]any{"hostKey": nil}},
		{"a_host_key_must_parse", "connection.hostKey: ssh: no key found", map[string]any{"hostKey": "garbage"}},
		{"a_private_key_is_required", "connection.privateKey <unset>: required", map[string]any{"privateKey": nil}},
		{"a_private_key_must_parse", "connection.privateKey <secret>: ssh: no key found", map[string]any{"privateKey": "garbage"}},
		{"a_host_must_not_be_empty", "connection.host <unset>: required", map[string]any{"host": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := model(t)
			_, err := b.create(b.inputs(map[string]any{"create": "true"}, c.change))
			require.EqualError(t, err, c.message)
		})
	}
}
