package twin

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// configuration lists the provider settings that the twin heeds or may ignore: credentials and endpoints mean nothing to it.
var configuration = map[string]bool{
	"region": true, "defaultTags": true, "version": true, "pluginDownloadURL": true,
	"accessKey": false, "secretKey": false, "token": false, "profile": false, "assumeRole": false, "assumeRoleWithWebIdentity": false,
	"assumeRoles": false, "allowedAccountIds": false, "forbiddenAccountIds": false, "customCaBundle": false,
	"ec2MetadataServiceEndpoint": false, "ec2MetadataServiceEndpointMode": false, "endpoints": false, "httpProxy": false,
	"httpsProxy": false, "noProxy": false, "ignoreTags": false, "insecure": false, "maxRetries": false, "retryMode": false,
	"s3UsEast1RegionalEndpoint": false, "s3UsePathStyle": false, "sharedConfigFiles": false, "sharedCredentialsFiles": false,
	"skipCredentialsValidation": false, "skipMetadataApiCheck": false, "skipRegionValidation": false,
	"skipRequestingAccountId": false, "stsRegion": false, "tokenBucketRateLimiterCapacity": false,
	"useDualstackEndpoint": false, "useFipsEndpoint": false,
}

// CheckConfig implements pulumirpc.ResourceProviderServer.
func (p *Provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	props, err := unmarshal("config", req.News)
	if err != nil {
		return nil, err
	}
	values := open(props)
	var failures []Failure
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, ok := configuration[name]; !ok {
			failures = append(failures, fail(name, "unknown property")...)
		}
	}
	if region, known := settings(values).region(); known {
		switch {
		case region == "":
			failures = append(failures, fail("region", "missing required configuration key \"aws:region\": The region where AWS operations will take place. Set a value using the command `pulumi config set aws:region <value>`.")...)
		case !regionForm.MatchString(region):
			failures = append(failures, fail("region", "invalid AWS Region: %s", region)...)
		}
	}
	return &pulumirpc.CheckResponse{Inputs: req.News, Failures: checkFailures(failures)}, nil
}

// DiffConfig implements pulumirpc.ResourceProviderServer: another region is another account's worth of resources.
func (p *Provider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := unmarshal("olds", req.Olds)
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("news", req.News)
	if err != nil {
		return nil, err
	}
	changes := compare(map[string]Property{"region": {Replace: true}, "defaultTags": {Kind: Object, Fields: map[string]Property{"tags": tags}}}, "",
		settings(open(olds)).plain(), settings(open(news)).plain())
	return changes.response(), nil
}

// Configure implements pulumirpc.ResourceProviderServer.
func (p *Provider) Configure(_ context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	props, err := unmarshal("config", req.Args)
	if err != nil {
		return nil, err
	}
	values := settings(open(props))
	p.region, _ = values.region()
	p.defaultTags = values.plain().Object("defaultTags").Object("tags")
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, AcceptResources: true, SupportsPreview: true}, nil
}

type settings Values

// region comes from the stack's config, else from the environment, as with the real provider.
func (s settings) region() (region string, known bool) {
	if _, unknown := s["region"].(unknown); unknown {
		return "", false
	}
	for _, region := range []string{Values(s).Text("region"), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")} {
		if region != "" {
			return region, true
		}
	}
	return "", true
}

// plain keeps what the twin heeds and decodes what the engine passes as JSON text.
func (s settings) plain() Values {
	values := Values{}
	for name := range s {
		if name != "region" && name != "defaultTags" {
			continue
		}
		values[name] = s[name]
		var object map[string]any
		if text, ok := s[name].(string); ok && json.Unmarshal([]byte(text), &object) == nil {
			values[name] = object
		}
	}
	return values
}

func checkFailures(failures []Failure) []*pulumirpc.CheckFailure {
	var list []*pulumirpc.CheckFailure
	for _, f := range failures {
		list = append(list, &pulumirpc.CheckFailure{Property: f.Property, Reason: f.Reason})
	}
	return list
}
