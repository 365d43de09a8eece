// Package cost estimates what the declared AWS resources cost a month, from a table of list prices that is kept as data.
package cost

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
)

// pricesFile says of each price where it was read and when.
//
//go:embed prices.json
var pricesFile []byte

// Price is one list price.
type Price struct {
	Region string  `json:"region"`
	Item   string  `json:"item"`
	Unit   string  `json:"unit"`
	USD    float64 `json:"usd"`
	// Source names an entry of the table of sources.
	Source string `json:"source"`
}

// Source is where prices were read.
type Source struct {
	URL string `json:"url"`
	// Date is when the prices were published or took effect, or else when they were read.
	Date string `json:"date"`
	// Read is when somebody last saw that they still hold. Optional.
	Read string `json:"read"`
	What string `json:"what"`
}

// seen is the last day of which it is known that the prices held.
func (s Source) seen() string { return max(s.Date, s.Read) }

// Items of the table besides the instance types.
const (
	volume  = "gp3"
	address = "public IPv4 address"
)

// priceTable is the content of prices.json.
type priceTable struct {
	Sources map[string]Source `json:"sources"`
	Prices  []Price           `json:"prices"`
}

// prices is the table that every estimate uses.
var prices = mustRead(pricesFile)

func mustRead(body []byte) *priceTable {
	table := &priceTable{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(table); err != nil {
		// The file is part of the program, and its test reads it.
		panic(fmt.Errorf("prices.json: %w", err))
	}
	return table
}

// find returns the price of an item in a region.
func (t *priceTable) find(region, item string) (Price, bool) {
	for _, price := range t.Prices {
		if price.Region == region && price.Item == item {
			return price, true
		}
	}
	return Price{}, false
}
