package preview

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/toolchain"
)

// pinned is an action at a full commit, with the release that the commit is.
var pinned = regexp.MustCompile(`^\s*(?:- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)

func TestWorkflows(t *testing.T) {
	root, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	commits := map[string]string{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		var workflow struct {
			On          map[string]any
			Permissions map[string]string
			Defaults    struct{ Run struct{ Shell string } }
			Jobs        map[string]struct {
				Permissions map[string]string
				Environment string
				Timeout     int `json:"timeout-minutes"`
				Steps       []struct {
					Uses, Run string
					With      map[string]any
				}
			}
		}
		// YAML 1.1 reads the key as a truth value.
		require.NoError(t, yaml.Unmarshal([]byte(strings.Replace(string(body), "\non:", "\n\"on\":", 1)), &workflow))
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, line := range strings.Split(string(body), "\n") {
				if strings.Contains(line, "uses:") {
					assert.Regexp(t, pinned, line, "an action by commit")
					name, commit, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- ")), "@")
					if commits[name] == "" {
						commits[name] = commit
					}
					assert.Equal(t, commits[name], commit, "%s: one commit everywhere", name)
				}
			}
			assert.NotNil(t, workflow.Permissions, "permissions are stated")
			assert.NotContains(t, workflow.On, "pull_request_target", "it would run a stranger's code with our token")
			for name, job := range workflow.Jobs {
				assert.Positive(t, job.Timeout, name)
				_, writes := job.Permissions["pull-requests"]
				_, assumes := job.Permissions["id-token"]
				for _, step := range job.Steps {
					if strings.Contains(step.Run, " | ") {
						assert.Equal(t, "bash", workflow.Defaults.Run.Shell, "%s: a failure before a pipe is one", name)
					}
					if writes {
						assert.NotContains(t, step.Uses, "actions/checkout", "%s: who may write runs no code of a pull request", name)
						assert.Empty(t, step.Run, name)
					}
				}
				if _, follows := workflow.On["workflow_run"]; follows {
					for _, step := range job.Steps {
						if strings.HasPrefix(step.Uses, "actions/checkout") {
							assert.NotContains(t, step.With, "ref", "%s: the default branch's code, which nobody but its owners writes", name)
							assert.NotContains(t, step.With, "repository", name)
							assert.Equal(t, false, step.With["persist-credentials"], name)
						}
						assert.NotContains(t, step.Run, "${{", "%s: no value of a pull request becomes a part of a script", name)
					}
				}
				if _, foreign := workflow.On["pull_request"]; foreign && assumes {
					assert.NotEmpty(t, job.Environment, "%s: runs code of a pull request with rights in an account, after an approval", name)
				}
				if assumes {
					assert.Contains(t, string(body), "vars.AWS_", "%s: only where an account is configured", name)
				}
			}
			for scope, access := range workflow.Permissions {
				assert.Equal(t, "read", access, scope)
			}
			assert.NotContains(t, string(body), "secrets.", "nothing here needs a stored secret")
		})
	}
}

// A pull request's own code may leave data, never the text of a verdict.
func TestThePreviewLeavesDataOnly(t *testing.T) {
	root, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	body, err := os.ReadFile(filepath.Join(root, ".github", "workflows", "preview.yml"))
	require.NoError(t, err)
	assert.NotContains(t, string(body), "make comment")
	assert.NotContains(t, string(body), "comment.md")
	assert.NotContains(t, string(body), "REPORT=")
	for _, file := range []string{"head/resources.json", "head/plan.json", "head/preview.txt", "base/resources.json", "base/plan.json"} {
		assert.Contains(t, string(body), "data/"+file)
	}
	assert.Contains(t, string(body), "BASE='HEAD^1'", "the change to what runs, not a new cluster")
}

func TestDependabotKnowsEveryModule(t *testing.T) {
	root, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	body, err := os.ReadFile(filepath.Join(root, ".github", "dependabot.yml"))
	require.NoError(t, err)
	var config struct {
		Updates []struct {
			Ecosystem   string `json:"package-ecosystem"`
			Directories []string
		}
	}
	require.NoError(t, yaml.Unmarshal(body, &config))
	tracked, err := toolchain.Command{Dir: root, Args: []string{"git", "ls-files", "go.mod", "**/go.mod"}}.Output(t.Context())
	require.NoError(t, err)
	var modules []string
	for _, file := range strings.Fields(tracked) {
		if !strings.HasPrefix(file, "tests/lab/toolchain/modules/") {
			modules = append(modules, filepath.Join("/", filepath.Dir(file)))
		}
	}
	for _, update := range config.Updates {
		if update.Ecosystem == "gomod" {
			assert.ElementsMatch(t, modules, update.Directories)
		}
	}
}
