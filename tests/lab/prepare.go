package main

import (
	"context"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/s3"
	"ecommerce-platform/tests/lab/toolchain"
)

// prepare builds everything that the tests run, so that no test's time limit has to cover a compiler.
func prepare(ctx context.Context) error {
	if err := toolchain.Commands(ctx, "shellcheck", "ssh", "gcc", "pg_ctlcluster", "redis-server", "chromium"); err != nil {
		return err
	}
	if _, _, err := toolchain.PulumiHome(ctx, false); err != nil {
		return err
	}
	for _, tool := range []string{"kubectl", "kwok", "kube-bench", "kube-score"} {
		if _, err := toolchain.Tool(ctx, tool); err != nil {
			return err
		}
	}
	if _, err := toolchain.PolicyPack(ctx); err != nil {
		return err
	}
	return mirror.Build(ctx, mirror.Options{})
}

// prepareLifecycle builds what the whole life of the platform takes besides: every minor of Kubernetes and the container runtimes that it
// upgrades from and to, the major version of the database to which it does, what runs it with replicas, and an S3 server for its backups.
func prepareLifecycle(ctx context.Context) error {
	if err := prepare(ctx); err != nil {
		return err
	}
	if _, err := toolchain.Tool(ctx, s3.Server); err != nil {
		return err
	}
	for _, debian := range []images.Debian{images.Newest, images.Older} {
		if err := mirror.Build(ctx, mirror.Options{Minors: mirror.AllMinors, Debian: debian, Before: true}); err != nil {
			return err
		}
	}
	return mirror.Serve(ctx, images.NextPostgres, images.CloudNativePG)
}
