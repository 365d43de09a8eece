package monitoring

import (
	"embed"
	"fmt"
	"io/fs"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	victoriaMetrics = "victoria-metrics"
	// Scraper is the component that asks pods for their metrics.
	Scraper = victoriaMetrics
	// Port is where VictoriaMetrics answers, its page among the rest.
	Port = 8428

	scrapeDirectory    = "/etc/victoria-metrics/scrape"
	scrapeName         = "scrape.yaml"
	dashboardDirectory = "/etc/victoria-metrics/dashboards"
	storageDirectory   = "/storage"
	// rereadInterval is how often programs look whether their files are others.
	rereadInterval = "15s"
	// visibleAfter is the age from which on samples count, by when those of one moment are all there. Rules are judged as of then.
	visibleAfter = "5s"
)

// dashboards are those that its page offers.
// https://docs.victoriametrics.com/victoriametrics/#vmui
//
//go:embed dashboards
var dashboards embed.FS

// deployVictoriaMetrics asks everything for its metrics and keeps them, in a directory that ends with its pod: with a volume it would be bound to
// a node, and blind when that one is lost.
func (w *watch) deployVictoriaMetrics() error {
	c := &component{
		name: victoriaMetrics, image: w.Images.VictoriaMetrics, port: Port,
		args: []string{
			fmt.Sprintf("-httpListenAddr=:%d", Port),
			"-storageDataPath=" + storageDirectory,
			fmt.Sprintf("-retentionPeriod=%dd", w.RetentionDays),
			"-promscrape.config=" + scrapeDirectory + "/" + scrapeName, "-promscrape.configCheckInterval=" + rereadInterval,
			"-search.latencyOffset=" + visibleAfter,
			"-vmui.customDashboardsPath=" + dashboardDirectory,
			// Of its caches; what requests and the collection of garbage take comes besides, below the container's limit.
			"-memory.allowedBytes=128MiB",
		},
		cpu: "100m", memory: "112Mi", limit: "448Mi",
		alive: question{"/health", httpPort}, ready: question{"/health", httpPort},
		asksAPI: true,
		mounts: []mount{{"storage", storageDirectory, corev1.VolumeArgs{
			EmptyDir: corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(fmt.Sprintf("%dGi", w.StorageGiB))},
		}, false}},
	}
	scrape, err := w.scrapeYAML()
	if err != nil {
		return err
	}
	if err := w.files(c, "scrape", scrapeDirectory, map[string]string{scrapeName: scrape}); err != nil {
		return err
	}
	shown, err := read(dashboards, "dashboards")
	if err != nil {
		return err
	}
	if err := w.files(c, "dashboards", dashboardDirectory, shown); err != nil {
		return err
	}
	rights, err := w.letScrape(c)
	if err != nil {
		return err
	}
	c.after = append(c.after, rights...)
	return w.deploy(c)
}

// read returns the files of a directory by their names.
func read(from embed.FS, directory string) (map[string]string, error) {
	content := map[string]string{}
	entries, err := fs.ReadDir(from, directory)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		text, err := fs.ReadFile(from, directory+"/"+entry.Name())
		if err != nil {
			return nil, err
		}
		content[entry.Name()] = string(text)
	}
	return content, nil
}
