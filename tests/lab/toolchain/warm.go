package toolchain

import (
	"context"
	"path/filepath"
)

// CompileProgram compiles the packages of the Pulumi program in a directory, which its language host does without a word of progress, as
// that does. A program that was built there before is left to the host.
func CompileProgram(ctx context.Context, dir string) error {
	if exists(filepath.Join(dir, "bin", "ecommerce-platform")) {
		return nil
	}
	done := Step("compiling the program (about 3 min cold)")
	// What it makes of several packages, go build throws away: nothing is linked.
	err := goBuild(ctx, dir, "./...")
	done(err)
	return err
}
