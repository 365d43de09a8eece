package modeltest

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// AutoscalerType is the type of what Autoscaled adds.
const AutoscalerType = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"

// Autoscaled gives a tier of the shop an autoscaler, of the resource name that the program gives it. In the tier's own declaration
// stays the number of pods, which nobody looks at then.
func Autoscaled(tier string, fewest, most float64) Change {
	object := property.New[map[string]property.Value]
	return func(_ testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		return append(resources, policyx.AnalyzerResource{
			Type: AutoscalerType, Name: "shop-" + tier, URN: "urn:pulumi:dev::ecommerce-platform::" + AutoscalerType + "::shop-" + tier,
			Properties: property.NewMap(map[string]property.Value{
				"apiVersion": property.New("autoscaling/v2"), "kind": property.New("HorizontalPodAutoscaler"),
				"metadata": object(map[string]property.Value{"name": property.New(tier), "namespace": property.New("ecommerce")}),
				"spec": object(map[string]property.Value{
					"minReplicas": property.New(fewest), "maxReplicas": property.New(most),
					"scaleTargetRef": object(map[string]property.Value{
						"apiVersion": property.New("apps/v1"), "kind": property.New("Deployment"), "name": property.New(tier),
					}),
				}),
			}),
		})
	}
}
