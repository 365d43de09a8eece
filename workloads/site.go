package workloads

import (
	"embed"
	"strings"
)

// siteFiles are the files that containers get through ConfigMaps.
//
//go:embed site
var siteFiles embed.FS

// siteFile is the content of site/name, which exists: go:embed has put it into the program.
func siteFile(name string) string {
	content, err := siteFiles.ReadFile("site/" + name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

// page is the shop as the frontend serves it.
type page struct {
	files   map[string]string
	version string
}

// shopPage is the page with its version in the addresses of its assets, which browsers may therefore keep for ever.
func shopPage() page {
	files := map[string]string{}
	for _, name := range []string{"index.html", "style.css", "shop.js", "favicon.svg"} {
		files[name] = siteFile(name)
	}
	version := digest(files)
	files["index.html"] = strings.ReplaceAll(files["index.html"], "SITE_VERSION", version)
	return page{files: files, version: version}
}
