// A stack of one machine, what is uploaded to it, and one step that can be taken back.
package main

import (
	"strconv"
	"testing/fstest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		setting := func(key string) string {
			value, _ := ctx.GetConfig("machine:" + key)
			return value
		}
		port, err := strconv.Atoi(setting("port"))
		if err != nil {
			return err
		}
		scripts := fstest.MapFS{"do.sh": {Data: []byte("#!/bin/sh\n")}, "undo.sh": {Data: []byte("#!/bin/sh\n")}}
		machine, err := step.NewMachine(ctx, "test", &step.MachineArgs{
			Name: "node-1", ID: pulumi.String("i-1"), Scripts: scripts, Uploaded: []string{"do.sh", "undo.sh"}, Address: pulumi.String("127.0.0.1"), Port: port,
			LoginKey: pulumi.String(setting("loginKey")), HostPublicKey: setting("hostKey"),
		})
		if err != nil {
			return err
		}
		_, err = machine.Run(step.Step{Name: "do", Script: "do.sh", Limit: 60, Undo: &step.Undo{Script: "undo.sh", Limit: 60}})
		return err
	})
}
