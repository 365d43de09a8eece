package twin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// function is a lookup that needs no resource.
type function struct {
	args   map[string]Property
	answer func(tx *Tx, args Values) (Values, error)
}

var filter = Property{Kind: ObjectList, Fields: map[string]Property{
	"name": {Required: true}, "values": {Kind: StringList, Required: true},
}}

var functions = map[string]function{
	"aws:ec2/getAmi:getAmi": {
		args: map[string]Property{"filters": filter, "owners": {Kind: StringList}, "mostRecent": {Kind: Bool},
			"nameRegex": {}, "includeDeprecated": {Kind: Bool}, "executableUsers": {Kind: StringList, Absent: true},
			"tags": tags, "uefiData": {Absent: true}},
		answer: getAmi,
	},
	"aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": {
		args:   map[string]Property{"filters": filter, "locationType": {Enum: []string{"region", "availability-zone", "availability-zone-id"}}},
		answer: getOfferings,
	},
	"aws:index/getAvailabilityZones:getAvailabilityZones": {
		args: map[string]Property{"allAvailabilityZones": {Kind: Bool}, "excludeNames": {Kind: StringList},
			"excludeZoneIds": {Kind: StringList}, "filters": filter, "state": {Enum: []string{"available", "information", "impaired", "unavailable"}}},
		answer: getZones,
	},
	"aws:index/getCallerIdentity:getCallerIdentity": {
		args: map[string]Property{"id": {}},
		answer: func(tx *Tx, _ Values) (Values, error) {
			return Values{"accountId": tx.Account, "arn": "arn:aws:iam::" + tx.Account + ":user/twin", "id": tx.Account, "userId": "AIDATWIN"}, nil
		},
	},
	"aws:index/getRegion:getRegion": {
		args:   map[string]Property{"endpoint": {Absent: true}, "id": {}, "name": {}},
		answer: getRegion,
	},
}

func getZones(tx *Tx, args Values) (Values, error) {
	names, ids := []any{}, []any{}
	state := args.Text("state")
	for _, z := range zones(tx.Region) {
		keep := state == "" || state == "available"
		for _, f := range args.Objects("filters") {
			value, ok := map[string]string{"zone-name": z.Name, "zone-id": z.ID, "state": "available", "region-name": tx.Region,
				"opt-in-status": "opt-in-not-required", "zone-type": "availability-zone", "group-name": tx.Region}[f.Text("name")]
			if !ok {
				return nil, refuse("InvalidParameterValue", "The filter '%s' is invalid", f.Text("name"))
			}
			keep = keep && matches(f.Texts("values"), value)
		}
		if keep && !slices.Contains(args.Texts("excludeNames"), z.Name) && !slices.Contains(args.Texts("excludeZoneIds"), z.ID) {
			names, ids = append(names, z.Name), append(ids, z.ID)
		}
	}
	out := Values{"id": tx.Region, "names": names, "zoneIds": ids, "groupNames": []any{tx.Region}}
	for _, name := range []string{"state", "filters", "excludeNames", "excludeZoneIds", "allAvailabilityZones"} {
		if v, ok := args[name]; ok {
			out[name] = v
		}
	}
	return out, nil
}

func getRegion(tx *Tx, args Values) (Values, error) {
	region := tx.Region
	if name := args.Text("name"); name != "" {
		region = name
	}
	if !regionForm.MatchString(region) {
		return nil, fmt.Errorf("finding Region using name: %q: no matching EC2 Region found", region)
	}
	return Values{"id": region, "name": region, "description": region, "endpoint": "ec2." + region + ".amazonaws.com"}, nil
}

// Invoke implements pulumirpc.ResourceProviderServer.
func (p *Provider) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	f, ok := functions[req.Tok]
	if !ok {
		return nil, fmt.Errorf("function %q: not offered by the digital twin of EC2; it has %s", req.Tok, strings.Join(slices.Sorted(maps.Keys(functions)), ", "))
	}
	props, err := unmarshal("args", req.Args)
	if err != nil {
		return nil, err
	}
	args := open(props)
	if failures := check("", f.args, args); len(failures) > 0 {
		return &pulumirpc.InvokeResponse{Failures: checkFailures(failures)}, nil
	}
	var out Values
	err = p.with(ctx, func(tx *Tx) error {
		out, err = f.answer(tx, args)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("invoking %s: %w", req.Tok, err)
	}
	ret, err := marshal("return", seal(out, nil))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.InvokeResponse{Return: ret}, nil
}
