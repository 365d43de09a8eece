// Package s3 runs an S3 server, SeaweedFS, which lets each key do what an IAM policy says.
package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/toolchain"
)

// Server is the name of the tool.
const Server = "weed"

const (
	port = 8333
	// startup is how long the server may take to answer, and to make a bucket.
	startup = 2 * time.Minute
)

// Key opens the server to somebody.
type Key struct {
	ID, Secret string
	// Policy is an IAM policy document.
	Policy string
}

// Store is a server that runs.
type Store struct {
	// Endpoint is the server's URL.
	Endpoint string

	address netip.Addr
	log     string
	cancel  context.CancelFunc
	ended   chan struct{}
	err     error
}

// Start runs a server on an address of this machine, with its data in dir, that has one bucket and knows one key.
func Start(ctx context.Context, address netip.Addr, dir, bucket string, key Key) (*Store, error) {
	tool, err := toolchain.Tool(ctx, Server)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "s3.json")
	body, err := json.Marshal(configuration(key))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, body, 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	server := exec.CommandContext(ctx, tool, "-logtostderr", "server", "-dir", dir, "-ip", address.String(), "-ip.bind", address.String(),
		"-volume.max", "20", "-master.volumeSizeLimitMB", "64", "-volume.preStopSeconds", "0", "-master.telemetry=false",
		"-s3", "-s3.port", strconv.Itoa(port), "-s3.port.iceberg", "0", "-s3.port.lance", "0", "-s3.config", config)
	server.Stdout, server.Stderr = log, log
	store := &Store{
		Endpoint: "http://" + net.JoinHostPort(address.String(), strconv.Itoa(port)), address: address, log: log.Name(), cancel: cancel, ended: make(chan struct{}),
	}
	if err := server.Start(); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		store.err = server.Wait()
		_ = log.Close() // only the server writes to it
		close(store.ended)
	}()
	if err := store.prepare(ctx, tool, bucket); err != nil {
		store.Stop()
		return nil, fmt.Errorf("S3 server at %s: %w; its log ends in\n%s", store.Endpoint, err, store.tail())
	}
	return store, nil
}

// Stop ends the server. Its data stay.
func (s *Store) Stop() {
	s.cancel()
	<-s.ended
}

// prepare waits for the server and makes the bucket.
func (s *Store) prepare(ctx context.Context, tool, bucket string) error {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	if err := load.Await(ctx, 200*time.Millisecond, load.Options{URL: s.Endpoint + "/healthz"}); err != nil {
		return fmt.Errorf("no answer within %s: %w", startup, err)
	}
	shell := exec.CommandContext(ctx, tool, "shell", "-master", s.address.String()+":9333", "-filer", s.address.String()+":8888")
	shell.Stdin = bytes.NewBufferString("s3.bucket.create -name " + bucket + "\n")
	if out, err := shell.CombinedOutput(); err != nil {
		return fmt.Errorf("bucket %s: %w: %s", bucket, err, out)
	}
	return nil
}

// tail is the end of the server's log.
func (s *Store) tail() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// configuration is what the server reads: somebody with the key, to whom the policy alone gives rights.
func configuration(key Key) any {
	return map[string]any{
		"policies": []any{map[string]any{"name": "own", "content": key.Policy}},
		"identities": []any{map[string]any{
			"name":        "somebody",
			"credentials": []any{map[string]any{"accessKey": key.ID, "secretKey": key.Secret}},
			"policyNames": []string{"own"},
		}},
	}
}
