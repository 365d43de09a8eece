package infra

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAsksAgain(t *testing.T) {
	const (
		group   = "api error InvalidGroup.NotFound: The security group 'sg-1' does not exist"
		address = "creating EC2 Instance: InvalidIPAddress.InUse: Address 172.31.2.239 is in use."
	)
	for _, c := range []struct {
		name     string
		failures []string
		pause    time.Duration
		again    bool
	}{
		{"a group that is not there yet", []string{group}, time.Second, true},
		{"an address that is not free yet", []string{address}, time.Second, true},
		{"each pause is twice the one before", []string{address, group, group}, 4 * time.Second, true},
		{"a minute is enough", []string{address, address, address, address, address, address, address}, 0, false},
		{"another refusal is final", []string{"VcpuLimitExceeded: You have requested more", group}, 0, false},
		{"so is a code that begins alike", []string{"InvalidGroup.NotFoundHere: x"}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			pause, again := asksAgain(c.failures)
			assert.Equal(t, c.again, again)
			assert.Equal(t, c.pause, pause)
		})
	}
}
