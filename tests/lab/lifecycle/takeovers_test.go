//go:build lab && lifecycle

package lifecycle

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

var (
	losses  = flag.Int("losses", 1, "how often the database's primary is lost in each way, up to that way's own number")
	results = flag.String("results", "", "file with what became of the database's primary, to which a run adds what is missing of that number")
)

// ordersPerSecond come while the primary is lost, whether or not answers do.
const ordersPerSecond = 2

// loss is a way to lose the database's primary.
type loss struct {
	name  string
	times int
	// happen takes the primary away, and returns how what failed comes back, where it does not by itself.
	happen func(t *testing.T, primary corev1.Pod) (back func())
}

var waysToLose = []loss{
	{"the primary is killed", 25, killsServer},
	{"the primary's pod is deleted without grace", 25, deletesPod},
	{"the primary's node is drained", 10, drains},
	{"the primary's machine loses power", 20, losesPower},
	{"the primary's node is cut off", 10, cutsOff},
}

// takeover is what became of one loss.
type takeover struct {
	Loss string
	// Busy is whether customers read as well, as many as there are when other things fail.
	Busy bool
	// Away is how long no order was taken, Whole after how long there were as many servers again as before.
	Away, Whole time.Duration
	Orders      reckoning
}

// testTakeovers loses the primary in each way as often as is asked for, and puts into the report what all runs saw.
func testTakeovers(t *testing.T) {
	all := readTakeovers(t)
	for _, way := range waysToLose {
		t.Run(way.name, func(t *testing.T) {
			recordResult(t)
			done := len(of(all, way.name))
			for n := done; n < min(way.times, *losses); n++ {
				// A busy one is the first.
				seen := way.try(t, n%2 == 0)
				all = append(all, seen)
				keepTakeover(t, seen)
				if t.Failed() {
					return
				}
			}
			reportTakeovers(t, way.name, of(all, way.name))
		})
	}
}

// try loses the primary once.
func (l loss) try(t *testing.T, busy bool) takeover {
	t.Helper()
	requireReplicas(t)
	spreadBackends(t)
	requireServed(t)
	before := primary(t)
	book := openBook(t)
	url := fmt.Sprint(shop.Outputs["frontendUrl"])
	orders := load.Start(t.Context(), load.Options{Ask: book.place, Timeout: patience, PerSecond: ordersPerSecond})
	defer orders.Stop()
	page := load.Start(t.Context(), load.Options{URL: url + "/", Timeout: patience})
	defer page.Stop()
	if busy {
		data := load.Start(t.Context(), load.Options{Ask: readAnew(url + "/data"), Timeout: patience, PerSecond: 18})
		defer data.Stop()
	}
	labtest.Eventually(t, time.Minute, func() error { return taken(t.Context(), book) })

	begin := time.Now()
	back := l.happen(t, before)
	// The last answers from before may still come.
	labtest.Eventually(t, 3*time.Minute, func() error {
		if time.Since(begin) < time.Second {
			return errors.New("it has only just happened")
		}
		return taken(t.Context(), book)
	})
	back()
	requireReplicas(t)
	requireWhole(t)
	seen := takeover{Loss: l.name, Busy: busy, Whole: time.Since(begin)}
	ordered, asked := orders.Stop(), page.Stop()
	assertNothingLost(t, "page", asked)
	seen.Away = ordered.Gap
	note(t, l.name, "orders: %s", ordered)
	seen.Orders = book.requireKept(t, l.name)
	return seen
}

// spreadBackends has them on more than one node: those that a drain has moved stay where they went, and would be lost with the primary.
func spreadBackends(t *testing.T) {
	t.Helper()
	requireWhole(t)
	if pods := podsOf(t, "backend"); len(spread(pods)) == 1 {
		shop.Kubectl(t, "delete", "pod", "-n", namespace, pods[0].Name)
		requireWhole(t)
	}
	require.Greater(t, len(spread(podsOf(t, "backend"))), 1)
}

// taken says that an order is taken now.
func taken(ctx context.Context, b *book) error {
	return b.place(ctx, &http.Client{Timeout: patience})
}

func of(all []takeover, loss string) []takeover {
	return slices.DeleteFunc(slices.Clone(all), func(t takeover) bool { return t.Loss != loss })
}

// readTakeovers reads what runs of before saw.
func readTakeovers(t *testing.T) (all []takeover) {
	t.Helper()
	if *results == "" {
		return nil
	}
	file, err := os.Open(*results)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var seen takeover
		require.NoError(t, json.Unmarshal(lines.Bytes(), &seen))
		all = append(all, seen)
	}
	return all
}

// keepTakeover keeps it for the runs that follow.
func keepTakeover(t *testing.T, seen takeover) {
	t.Helper()
	if *results == "" {
		return
	}
	line, err := json.Marshal(seen)
	require.NoError(t, err)
	file, err := os.OpenFile(*results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = file.Write(append(line, '\n'))
	require.NoError(t, errors.Join(err, file.Close()))
}

// reportTakeovers puts into the report what was seen of one way.
func reportTakeovers(t *testing.T, name string, seen []takeover) {
	t.Helper()
	var away, whole []time.Duration
	var sum reckoning
	for _, s := range seen {
		away, whole = append(away, s.Away), append(whole, s.Whole)
		sum.Acknowledged += s.Orders.Acknowledged
		sum.Lost += s.Orders.Lost
		sum.Wrong += s.Orders.Wrong + s.Orders.Untold
	}
	note(t, name, "%d times; no order taken for %s; as many servers as before after %s; %d orders acknowledged, %d lost, %d twice or under another number",
		len(seen), quantiles(away), quantiles(whole), sum.Acknowledged, sum.Lost, sum.Wrong)
}

// quantiles are the median, the 95th percentile and the maximum. https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method
func quantiles(all []time.Duration) string {
	if len(all) == 0 {
		return "nothing"
	}
	slices.Sort(all)
	rank := func(percent int) time.Duration { return all[(len(all)*percent+99)/100-1].Round(100 * time.Millisecond) }
	return fmt.Sprintf("p50 %s, p95 %s, max %s", rank(50), rank(95), rank(100))
}

// server is a command line's word for the container in which a pod's PostgreSQL runs, on the pod's node.
func server(pod corev1.Pod) string {
	return `"$(crictl ps --quiet --label io.kubernetes.pod.name=` + pod.Name + ` --name '^postgres$' | head -n 1)"`
}

// killsServer kills all that runs in the primary's container, as the kernel does when memory is short.
func killsServer(t *testing.T, gone corev1.Pod) func() {
	kill := `kill -KILL "$(crictl inspect --output go-template --template '{{.info.pid}}' ` + server(gone) + `)"`
	_, err := shop.OnMachine(t.Context(), gone.Spec.NodeName, "sh", "-c", kill)
	require.NoError(t, err)
	return func() {}
}

func deletesPod(t *testing.T, gone corev1.Pod) func() {
	shop.Kubectl(t, "delete", "pod", "-n", namespace, gone.Name, "--force", "--grace-period=0")
	return func() {}
}

// drains empties the primary's node, as an upgrade does, and gives it back.
func drains(t *testing.T, gone corev1.Pod) func() {
	giveBack := func() error {
		_, err := shop.TryKubectl(context.WithoutCancel(t.Context()), "uncordon", gone.Spec.NodeName)
		return err
	}
	t.Cleanup(func() { _ = giveBack() })
	shop.Kubectl(t, "drain", gone.Spec.NodeName, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=180s")
	return func() { require.NoError(t, giveBack()) }
}

// losesPower ends the primary's machine from one moment to the next, and starts it again.
func losesPower(t *testing.T, gone corev1.Pod) func() {
	container, err := shop.Container(t.Context(), gone.Spec.NodeName)
	require.NoError(t, err)
	_, err = docker("kill", container)
	require.NoError(t, err)
	start := func() error {
		_, err := docker("start", container)
		return err
	}
	t.Cleanup(func() { _ = start() })
	return func() {
		require.NoError(t, start())
		from := time.Now()
		labtest.Eventually(t, 3*time.Minute, func() error { return renewed(t.Context(), gone.Spec.NodeName, from) })
	}
}

// cutsOff lets no packet of the primary's node leave it and none in. A client on that node orders from it all the while, and is not told
// that its order is taken: another server takes orders by then, or will.
func cutsOff(t *testing.T, gone corev1.Pod) func() {
	node := gone.Spec.NodeName
	// The test's own context has ended where a cleanup mends.
	ctx := context.WithoutCancel(t.Context())
	on := func(script string) (string, error) { return shop.OnMachine(ctx, node, "sh", "-c", script) }
	_, err := on(`nft --file - <<'end'
table inet trial {
	chain in { type filter hook prerouting priority -300; iifname "eth0" drop; }
	chain out { type filter hook postrouting priority 300; oifname "eth0" drop; }
}
end`)
	require.NoError(t, err)
	mend := func() error {
		_, err := on("nft delete table inet trial")
		return err
	}
	t.Cleanup(func() { _ = mend() })
	answer := make(chan string, 1)
	go func() {
		text, err := on(`timeout 120 crictl exec ` + server(gone) + ` psql --no-psqlrc --tuples-only --dbname shop --command "
			insert into orders (idempotency_key, fingerprint) values ('cut off ' || now(), '') returning 'taken'" 2>&1`)
		answer <- fmt.Sprint(text, err)
	}()
	return func() {
		// It waits for the other server until it is ended: by itself, since it reaches nobody, or by the first packet that says so.
		require.NoError(t, mend())
		from := time.Now()
		labtest.Eventually(t, 3*time.Minute, func() error { return renewed(t.Context(), node, from) })
		text := <-answer
		note(t, "an order of the server that is cut off", "%s", strings.TrimSpace(text))
		assert.NotRegexp(t, `(?m)^ *taken$`, text, "a second primary took an order")
		assert.NotContains(t, text, "prefix can't be empty", "there was a server to ask")
	}
}
