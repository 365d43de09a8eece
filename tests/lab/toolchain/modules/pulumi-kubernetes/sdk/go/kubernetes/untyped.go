// Package kubernetes, with the packages below it, is the part of the provider's Go SDK that the provider itself calls, for its components of
// YAML files and Helm charts, of which the platform uses none. The whole of the SDK takes as long to compile as all the rest of
// the provider.
package kubernetes

import "reflect"

// UntypedArgs are the inputs of an object of any kind.
type UntypedArgs map[string]any

// ElementType makes them an input.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
