package environment

import "testing"

// FuzzEndpoints reads any variable: what it finds has a name and a namespace, and no address of the pod itself.
func FuzzEndpoints(f *testing.F) {
	for _, text := range []string{"http://backend:8080", "a,b c", "postgres://u:p@db.data.svc.cluster.local/x", "http://$(A_SERVICE_HOST):1", "://", "http://[::1]", "localhost", "."} {
		f.Add("BACKEND_URL", text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		for _, e := range endpointsIn(name, text, "shop", []string{"shop", "data"}) {
			if e.Namespace == "" || e.Service == "localhost" {
				t.Errorf("%s=%q leads to %+v", name, text, e)
			}
		}
	})
}
