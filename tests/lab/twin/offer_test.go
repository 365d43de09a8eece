package twin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestZonesOfferWhatTheyHave(t *testing.T) {
	tx := &Tx{Region: "us-east-1"}
	require.NoError(t, tx.checkOffer("t3.medium", "us-east-1a"))
	require.NoError(t, tx.checkOffer("m5.large", "us-east-1c"))
	require.EqualError(t, tx.checkOffer("t3.medium", "us-east-1c"),
		"Unsupported: Your requested instance type (t3.medium) is not supported in your requested Availability Zone (us-east-1c). Please retry your request by not specifying an Availability Zone or choosing us-east-1a, us-east-1b.")

	offers, err := getOfferings(tx, Values{"locationType": "availability-zone", "filters": []any{
		map[string]any{"name": "instance-type", "values": []any{"t3.medium", "t9.medium"}},
	}})
	require.NoError(t, err)
	assert.Equal(t, []any{"us-east-1a", "us-east-1b"}, offers["locations"])
	assert.Equal(t, []any{"t3.medium", "t3.medium"}, offers["instanceTypes"])
	everywhere, err := getOfferings(tx, Values{})
	require.NoError(t, err)
	assert.NotContains(t, everywhere["instanceTypes"], "t9.medium")
	assert.Contains(t, everywhere["instanceTypes"], "t3.medium")
	_, err = getOfferings(tx, Values{"filters": []any{map[string]any{"name": "zone", "values": []any{"a"}}}})
	require.EqualError(t, err, "InvalidParameterValue: The filter 'zone' is invalid")
}
