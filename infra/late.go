package infra

import (
	"context"
	"regexp"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// late is how EC2 refuses a request before it has heard of what was just made, or given back: a security group, and the
// private address of the machine whose place the new one takes. The provider does not ask again.
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
var late = regexp.MustCompile(`\b(InvalidGroup\.NotFound|InvalidIPAddress\.InUse)\b`)

// patience is how often a late answer is asked for again, with pauses of one second, two, four and so on: a minute in all.
const patience = 6

// asksAgain says whether a failed creation is tried once more, and after which pause. Failures are the newest first.
func asksAgain(failures []string) (pause time.Duration, again bool) {
	if len(failures) > patience || !late.MatchString(failures[0]) {
		return 0, false
	}
	return time.Second << (len(failures) - 1), true
}

// settles lets resources wait for EC2 where their creation comes too early for it.
func (b *builder) settles() (pulumi.ResourceOption, error) {
	hook, err := b.ctx.RegisterErrorHook(b.name+"-settles", func(args *pulumi.ErrorHookArgs) (bool, error) {
		pause, again := asksAgain(args.Errors)
		if !again || args.FailedOperation != "create" {
			return false, nil
		}
		return wait(b.ctx.Context(), pause)
	})
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}}), err
}

func wait(ctx context.Context, pause time.Duration) (bool, error) {
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(pause):
		return true, nil
	}
}
