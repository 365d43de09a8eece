package cost

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// hoursPerMonth is what AWS's own calculator takes for a month.
const hoursPerMonth = 730

// leftOut is what every estimate leaves out.
var leftOut = []string{
	"tax",
	"data transfer (out to the internet, and between availability zones)",
	"snapshots, provisioned IOPS, and gp3 performance above 3000 IOPS and 125 MiB/s",
	"what load balancers and NAT gateways carry",
	"reservations, savings plans, spot prices and free tiers",
}

// Estimate is what the declared resources cost a month.
type Estimate struct {
	// Monthly is the sum of the items, in USD.
	Monthly float64 `json:"monthly"`
	// Currency of every amount.
	Currency string `json:"currency"`
	Region   string `json:"region"`
	Items    []Item `json:"items"`
	// Unpriced are declared resources without a price in the table; the sum is too low by what they cost.
	Unpriced []string `json:"unpriced"`
	// CreditsAtMost is what CPU credits cost besides if every CPU of burstable machines in unlimited mode is always busy.
	CreditsAtMost float64 `json:"creditsAtMost"`
	// LeavesOut is what no item stands for.
	LeavesOut []string `json:"leavesOut"`
	// Aged are prices that nobody has looked up for so long that AWS may have changed them.
	Aged []string `json:"aged,omitempty"`
}

// Item is one line of the estimate.
type Item struct {
	What string `json:"what"`
	// Quantity of units a month, of all resources of this kind together.
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`
	UnitUSD  float64 `json:"unitUsd"`
	Monthly  float64 `json:"monthly"`
	// Source and Date are where the price was read and when.
	Source string `json:"source"`
	Date   string `json:"date"`
}

// Declared is what costs money by being there.
type Declared struct {
	Region string
	// Instances are instance types, one for each machine.
	Instances []string
	// Unlimited are those of them that are burstable and run on when their CPU credits are spent.
	Unlimited []string
	Volumes   []Volume
	// Running are what else is paid by the hour, such as a NAT gateway, by its name in the table; one for each.
	Running []string
	// Addresses is the number of public IPv4 addresses.
	Addresses int
	// Other are resources that cost money and that the table has no price for, as a reader would name them.
	Other []string
}

// Volume is one disk.
type Volume struct {
	Type string
	GiB  float64
}

// Of estimates declared resources.
func Of(declared Declared) Estimate { return at(time.Now(), declared) }

// at is the estimate of somebody who reads it then.
func at(now time.Time, declared Declared) Estimate {
	estimate := Estimate{
		Currency: "USD", Region: declared.Region, Items: []Item{}, LeavesOut: leftOut,
		Unpriced: append([]string{}, declared.Other...),
	}
	units := map[string]float64{}
	for _, instance := range declared.Instances {
		units[instance] += hoursPerMonth
	}
	for _, disk := range declared.Volumes {
		units[disk.Type] += disk.GiB
	}
	for _, item := range declared.Running {
		units[item] += hoursPerMonth
	}
	if declared.Addresses > 0 {
		units[address] = float64(declared.Addresses) * hoursPerMonth
	}
	for item, quantity := range units {
		estimate.add(declared.Region, item, quantity)
	}
	for _, instance := range declared.Unlimited {
		estimate.CreditsAtMost += surplus(instance) * creditHour * hoursPerMonth
	}
	estimate.CreditsAtMost = cents(estimate.CreditsAtMost)
	slices.SortFunc(estimate.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.Monthly, a.Monthly), cmp.Compare(a.What, b.What))
	})
	slices.Sort(estimate.Unpriced)
	for _, item := range estimate.Items {
		estimate.Monthly += item.Monthly
	}
	estimate.Monthly = cents(estimate.Monthly)
	estimate.Aged = aged(now, estimate.Items)
	return estimate
}

func (e *Estimate) add(region, item string, quantity float64) {
	price, ok := prices.find(region, item)
	if !ok {
		e.Unpriced = append(e.Unpriced, fmt.Sprintf("%s in %s: no price in policy/cost/prices.json", item, region))
		return
	}
	source := prices.Sources[price.Source]
	e.Items = append(e.Items, Item{
		What: item, Quantity: quantity, Unit: price.Unit, UnitUSD: price.USD,
		Monthly: cents(quantity * price.USD), Source: source.URL, Date: source.seen(),
	})
}

// oldAfter is how many months a price is taken for the present one.
const oldAfter = 12

// aged says which items have a price that is older, and since when.
func aged(now time.Time, items []Item) []string {
	var names []string
	oldest := ""
	for _, item := range items {
		date, err := time.Parse(time.DateOnly, item.Date)
		if err != nil || !date.AddDate(0, oldAfter, 0).Before(now) {
			continue
		}
		names = append(names, item.What)
		if oldest == "" || item.Date < oldest {
			oldest = item.Date
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the prices of %s are older than %d months, the oldest of %s; look them up and renew policy/cost/prices.json",
		strings.Join(names, ", "), oldAfter, oldest)}
}

func cents(usd float64) float64 { return math.Round(usd*100) / 100 }
