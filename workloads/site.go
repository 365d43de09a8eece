package workloads

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"ecommerce-platform/workloads/digest"
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
	files := map[string]string{"index.html": indexHTML()}
	for _, pattern := range []string{"site/*.css", "site/*.js", "site/pictures/*.svg"} {
		names, err := fs.Glob(siteFiles, pattern)
		if err != nil {
			panic(err)
		}
		for _, name := range names {
			files[path.Base(name)] = siteFile(strings.TrimPrefix(name, "site/"))
		}
	}
	version := digest.Of(files)
	files["index.html"] = strings.ReplaceAll(files["index.html"], "SITE_VERSION", version)
	return page{files: files, version: version}
}

// listedProduct is one of the shop's own products, as the page has it before, or without, an answer of the backend.
type listedProduct struct {
	ID, Name, Description, Currency, Picture string
	PriceCents                               int
}

// Price is the price in euros.
func (p listedProduct) Price() string {
	return fmt.Sprintf("%d.%02d", p.PriceCents/100, p.PriceCents%100)
}

// indexHTML is the page with the shop's own products in it. It is the same for everybody and holds no answer of a backend,
// so that it is there to be read, also without JavaScript, whatever has become of the backends.
func indexHTML() string {
	var products []listedProduct
	if err := json.Unmarshal([]byte(siteFile("products.json")), &products); err != nil {
		panic(err)
	}
	var out bytes.Buffer
	if err := template.Must(template.New("index").Parse(siteFile("index.html"))).Execute(&out, products); err != nil {
		panic(err)
	}
	return out.String()
}

// backendTemplate is the configuration of an nginx in the backend's place, with the shop's own products as its answer.
func backendTemplate() string {
	var products bytes.Buffer
	if err := json.Compact(&products, []byte(siteFile("products.json"))); err != nil {
		panic(err)
	}
	return strings.Replace(siteFile("backend.conf.template"), "SITE_PRODUCTS", products.String(), 1)
}
