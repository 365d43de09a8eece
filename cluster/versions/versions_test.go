package versions

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestReleasesAreSuccessiveMinors(t *testing.T) {
	full, month := regexp.MustCompile(`^1\.\d+\.\d+$`), regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])$`)
	before := 0
	ends := ""
	for _, r := range All.Kubernetes.Releases {
		if !full.MatchString(r.Version) || !month.MatchString(r.Ends) || r.Etcd == "" || r.CoreDNS == "" || r.Pause == "" {
			t.Errorf("%+v: not whole", r)
		}
		minor, _ := strconv.Atoi(strings.TrimPrefix(r.Minor(), "1."))
		if before != 0 && minor != before+1 {
			t.Errorf("%s: does not come after 1.%d, and upgrades take one minor at a time", r.Version, before)
		}
		if r.Ends <= ends {
			t.Errorf("%s: ends in %s, not after the minor before", r.Version, r.Ends)
		}
		before, ends = minor, r.Ends
	}
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a field that nobody reads": {`{"kubernetse": {}}`, `versions.json: json: unknown field "kubernetse"`},
		"a default without release": {`{"kubernetes": {"default": "1.99"}}`, `versions.json: kubernetes.default "1.99": no release of this minor is listed`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Read([]byte(c.text)); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestTextIsTheFile(t *testing.T) {
	text, err := All.Text()
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(file) {
		t.Errorf("versions.json is not as make bump writes it:\n%s", text)
	}
}

func TestMinor(t *testing.T) {
	for version, want := range map[string]string{"1.35.90": "1.35", "3.28.0": "3.28", "1.35": "1.35", "1": "1", "": ""} {
		if got := Minor(version); got != want {
			t.Errorf("Minor(%q) = %q, want %q", version, got, want)
		}
	}
}
