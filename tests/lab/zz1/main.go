package main

import (
	"context"
	"fmt"
	"os"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

func main() {
	ctx := context.Background()
	program, err := toolchain.Source("..", "..")
	if err != nil { panic(err) }
	dir := os.Args[1]
	os.MkdirAll(dir+"/w", 0o700); os.MkdirAll(dir+"/a", 0o700)
	w, err := engine.New(ctx, engine.Options{Program: program, Dir: dir + "/w", Env: []string{"TWIN_MODE=model", "TWIN_STATE=" + dir + "/a"}, Output: os.Stdout})
	if err != nil { panic(err) }
	name := os.Args[3]
	s, err := w.Stack(ctx, name)
	if err != nil { panic(err) }
	v := map[string]any{"adminCidrs": []string{"203.0.113.7/32"}, "aws:region": "eu-central-1"}
	if len(os.Args) > 4 { v["layers"] = []string{os.Args[4]}; if os.Args[4]=="workloads" { v["clusterStack"]="organization/ecommerce-platform/none" } }
	if err := s.Configure("dev", v); err != nil { panic(err) }
	s.SetSecret(ctx, "keySeed", "a seed that only the engine tests know, 4711")
	s.SetSecret(ctx, "databasePassword", "a-password-that-only-the-engine-tests-know")
	_, err = s.Preview(ctx, "--policy-pack", os.Args[2])
	fmt.Println(err)
}
