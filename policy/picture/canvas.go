package picture

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Measures in user units: the picture is 360 wide, so on a phone a unit is a pixel.
const (
	width      = 360.0
	margin     = 12.0
	padding    = 10.0
	gap        = 14.0
	lineHeight = 21.0
	// bold is advance in the headline.
	bold = 9.8
	// advance is how wide a character of 14 pixels is at most, on average, in the fonts that systems have.
	advance = 8.4
)

// style is the colours of both schemes. The background is drawn, so that the picture is readable on any page.
const style = `
svg { max-width: 720px; display: block; margin: 0 auto; font: 14px system-ui, sans-serif; }
.page { fill: #ffffff; } text { fill: #1f2328; }
.headline, .title, .name { font-weight: 600; } .headline, .title { font-size: 16px; } .label, .small { fill: #59636e; }
.vpc, .subnet { fill: none; stroke: #818b98; } .subnet { stroke-dasharray: 4 3; }
.card { fill: #f6f8fa; stroke: #818b98; } .changed { stroke: #9a6700; stroke-width: 2; } .broken { stroke: #d1242f; stroke-width: 2; }
.change { fill: #7d4e00; } .wrong { fill: #d1242f; } .entrance { fill: #0550ae; }
.track { fill: #d1d9e0; } .used { fill: #0969da; } .chip { fill: #ddf4ff; stroke: #54aeff; } .other { fill: #fff8c5; stroke: #bf8700; }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117; } text { fill: #f0f6fc; } .label, .small { fill: #9198a1; }
.card { fill: #151b23; stroke: #656c76; } .changed { stroke: #d29922; } .broken { stroke: #f85149; }
.change { fill: #d29922; } .wrong { fill: #f85149; } .entrance { fill: #79c0ff; }
.track { fill: #3d444d; } .used { fill: #4493f8; } .chip { fill: #121d2f; stroke: #1f6feb; } .other { fill: #272115; stroke: #9e6a03; }
}`

// canvas draws from top to bottom.
type canvas struct {
	elements []string
	y        float64
}

// box is a rectangle that is open until its content is drawn. place is where it is among the elements: behind its content.
type box struct {
	place       int
	x, y, inner float64
}

// chip is how many pods of a tier there are, and how many there were.
type chip struct {
	tier      string
	pods, was int
}

func (c *canvas) add(format string, args ...any) {
	c.elements = append(c.elements, fmt.Sprintf(format, args...))
}

// open begins a group that says in an attribute what it is about.
func (c *canvas) open(class, attribute, value string) {
	c.add(`<g class="%s" %s="%s">`, class, attribute, escape(value))
}

func (c *canvas) end() { c.add("</g>") }

// box begins a rectangle from x to the same distance from the right.
func (c *canvas) box(x float64) box {
	c.y += 6
	b := box{len(c.elements), x, c.y, x + padding}
	c.add("")
	c.y += 4
	return b
}

// close ends a rectangle.
func (c *canvas) close(b box, class string) {
	c.y += 8
	c.elements[b.place] = fmt.Sprintf(`<rect class="%s" x="%g" y="%g" width="%g" height="%g" rx="6"/>`, class, b.x, b.y, width-2*b.x, c.y-b.y)
	c.y += 2
}

// line is one line of text, cut where it does not fit.
func (c *canvas) line(x float64, text, class string) {
	c.y += lineHeight
	c.add(`<text class="%s" x="%g" y="%g">%s</text>`, class, x, c.y-5, escape(fit(text, width-margin-x-padding/2)))
}

// paragraph is text over as many lines as it needs.
func (c *canvas) paragraph(x, space float64, text, class string) {
	per := int(space / advance)
	if class == "headline" {
		per = int(space / bold)
	}
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > per {
			c.line(x, line, class)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" {
		c.line(x, line, class)
	}
}

// entrance is how packets come in.
func (c *canvas) entrance(text string) { c.line(margin, text, "entrance") }

// bar is what is asked of a node, as text and as a share of what it has.
func (c *canvas) bar(x float64, what string, used, of int64, unit string) {
	if of == 0 {
		c.line(x, fmt.Sprintf("%s %d%s", what, used, unit), "small")
		return
	}
	c.line(x, fmt.Sprintf("%s %d of %d%s", what, used, of, unit), "small")
	space := width - 2*x
	share := min(1, float64(used)/float64(of))
	c.add(`<rect class="track" x="%g" y="%g" width="%g" height="4" rx="2"/>`, x, c.y, space)
	c.add(`<rect class="used" x="%g" y="%g" width="%.1f" height="4" rx="2"/>`, x, c.y, space*share)
	c.y += 5
}

// chips are as many in a row as fit.
func (c *canvas) chips(x float64, chips []chip) {
	at := x
	for i, chip := range chips {
		text, class := fmt.Sprintf("%s ×%d", chip.tier, chip.pods), "chip"
		if chip.was != chip.pods {
			text, class = fmt.Sprintf("%s ×%d, was %d", chip.tier, chip.pods, chip.was), "chip other"
		}
		text = fit(text, width-2*x-16)
		size := float64(utf8.RuneCountInString(text))*advance + 16
		if i == 0 || at+size > width-x {
			at = x
			c.y += 28
		}
		c.add(`<g class="tier" data-tier="%s" data-pods="%d"><rect class="%s" x="%.1f" y="%g" width="%.1f" height="24" rx="12"/>`+
			`<text x="%.1f" y="%g">%s</text></g>`, escape(chip.tier), chip.pods, class, at, c.y-22, size, at+8, c.y-5, escape(text))
		at += size + 6
	}
	if len(chips) > 0 {
		c.y += 4
	}
}

// document is the picture as a file.
func (c *canvas) document(description string) string {
	height := c.y + margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-labelledby="title description">
<title id="title">Network and placement of pods</title>
<desc id="description">%s</desc>
<style>%s
</style>
<rect class="page" width="%g" height="%g"/>
%s
</svg>
`, width, height, escape(description), style, width, height, strings.Join(c.elements, "\n"))
}

func fit(text string, space float64) string {
	runes := []rune(text)
	if most := int(space / advance); len(runes) > most {
		return string(runes[:max(0, most-1)]) + "…"
	}
	return text
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
