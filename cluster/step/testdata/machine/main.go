// A stack of one machine and what is uploaded to it.
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
		_, err = step.NewMachine(ctx, "test", &step.MachineArgs{
			Name: "node-1", ID: pulumi.String("i-1"), Scripts: fstest.MapFS{}, Address: pulumi.String("127.0.0.1"), Port: port,
			LoginKey: pulumi.String(setting("loginKey")), HostPublicKey: setting("hostKey"),
		})
		return err
	})
}
