package model

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// withheldFrom stands for the URN of what a withheld value comes from, and tells it from one that only a deployment will tell.
const withheldFrom urn.URN = "(withheld)"

// Withheld is a value that is set and secret, and that whoever reads it is not told.
func Withheld() property.Value {
	return property.New(property.Computed).WithSecret(true).WithDependencies([]urn.URN{withheldFrom})
}

func isWithheld(value property.Value) bool {
	return value.IsComputed() && slices.Contains(value.Dependencies(), withheldFrom)
}
