package twin

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// changes maps the path of each changed property to whether it needs a new resource and how it changed.
type changes map[string]change

type change struct {
	kind    pulumirpc.PropertyDiff_Kind
	replace bool
}

// compare walks the table over two sets of inputs.
func compare(table map[string]Property, path string, old, new Values) changes {
	found := changes{}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		found.value(path+name, table[name], old[name], new[name])
	}
	return found
}

func (c changes) value(path string, p Property, old, new any) {
	switch {
	case !differs(ordered(p, old), ordered(p, new)):
		return
	case new == nil && (p.Filled || !differs(old, p.Default)):
		return // EC2 keeps what it has, or the default is what was there
	case old == nil && !p.Filled && p.Default != nil && !differs(p.Default, new):
		return
	case old == nil:
		c[path] = change{pulumirpc.PropertyDiff_ADD, p.Replace}
	case new == nil:
		c[path] = change{pulumirpc.PropertyDiff_DELETE, p.Replace}
	default:
		c.inside(path, p, old, new)
	}
}

// inside names the part of a map or object that changed.
func (c changes) inside(path string, p Property, old, new any) {
	a, _ := old.(map[string]any)
	b, _ := new.(map[string]any)
	switch {
	case p.Kind == Object && a != nil && b != nil:
		for name, field := range p.Fields {
			c.value(path+"."+name, field, a[name], b[name])
		}
	case p.Kind == StringMap && a != nil && b != nil:
		for _, name := range union(a, b) {
			c.value(segment(path, name), Property{Replace: p.Replace}, a[name], b[name])
		}
	default:
		c[path] = change{pulumirpc.PropertyDiff_UPDATE, p.Replace}
	}
}

func segment(path, name string) string {
	if strings.ContainsAny(name, `."[] /`) {
		return fmt.Sprintf("%s[%q]", path, name)
	}
	return path + "." + name
}

func union(a, b map[string]any) []string {
	all := map[string]any{}
	for name := range a {
		all[name] = nil
	}
	for name := range b {
		all[name] = nil
	}
	return slices.Sorted(maps.Keys(all))
}

// ordered sorts a set, so that its order makes no difference.
func ordered(p Property, v any) any {
	list, ok := v.([]any)
	if p.Kind != StringSet || !ok || hasUnknown(list) {
		return v
	}
	copied := append([]any{}, list...)
	sort.Slice(copied, func(i, j int) bool { return fmt.Sprint(copied[i]) < fmt.Sprint(copied[j]) })
	return copied
}

// differs treats anything unknown as different, and an empty list or map as absent.
func differs(old, new any) bool {
	if hasUnknown(old) || hasUnknown(new) {
		return true
	}
	return (!empty(old) || !empty(new)) && !reflect.DeepEqual(old, new)
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// diff is the comparison of a type's inputs with its own further reasons for replacement.
func (t *Type) diff(old, new Values) changes {
	found := compare(t.Inputs, "", old, new)
	if t.Replaces != nil {
		for _, name := range t.Replaces(old, new) {
			found[name] = change{pulumirpc.PropertyDiff_UPDATE, true}
			if _, ok := old[name]; !ok {
				found[name] = change{pulumirpc.PropertyDiff_ADD, true}
			}
		}
	}
	return found
}

func (c changes) response() *pulumirpc.DiffResponse {
	r := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{}}
	for _, path := range slices.Sorted(maps.Keys(c)) {
		r.Changes = pulumirpc.DiffResponse_DIFF_SOME
		kind := c[path].kind
		name := top(path)
		if c[path].replace {
			kind++ // each kind is followed by its replacing form
			if !slices.Contains(r.Replaces, name) {
				r.Replaces = append(r.Replaces, name)
			}
		}
		if !slices.Contains(r.Diffs, name) {
			r.Diffs = append(r.Diffs, name)
		}
		r.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	}
	return r
}

func top(path string) string {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return path
}

// Diff implements pulumirpc.ResourceProviderServer.
func (p *Provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	t, err := typeOf(req.Urn)
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal("olds", req.OldInputs)
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("news", req.News)
	if err != nil {
		return nil, err
	}
	response := t.diff(open(olds), open(news)).response()
	// A resource whose name was chosen by hand cannot exist twice, so the old one goes first.
	if t.AutoName != "" && len(response.Replaces) > 0 && !generated(news, t.AutoName) {
		response.DeleteBeforeReplace = !slices.Contains(response.Replaces, t.AutoName)
	}
	return response, nil
}

// generated says whether Check made the name up.
func generated(inputs resource.PropertyMap, name string) bool {
	defaults, ok := inputs[defaultsKey]
	if !ok || !defaults.IsArray() {
		return false
	}
	for _, v := range defaults.ArrayValue() {
		if v.IsString() && v.StringValue() == name {
			return true
		}
	}
	return false
}
