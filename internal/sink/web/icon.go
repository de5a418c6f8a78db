package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

var (
	iconName   = regexp.MustCompile(`^(\d{1,3})-([A-F])\.svg$`)
	iconColors = map[string]string{"A": "#0f7b4f", "B": "#4a7a12", "C": "#8a6100", "D": "#a34a00", "F": "#b3261e"}
)

const plainIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3b4cca"/>` +
	`<path d="M7 11h18v11H7z" fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round"/>` +
	`<path d="m11.5 16 3 3 6-6.5" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>`

// serveIcon serves the icon for the browser's tab: a score, or the program's own.
func (p *Page) serveIcon(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	svg := plainIcon
	if m := iconName.FindStringSubmatch(name); m != nil {
		value, _ := strconv.Atoi(m[1]) // three digits
		svg = fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="%s"/>`+
			`<text x="16" y="22" text-anchor="middle" font-family="system-ui,sans-serif" font-weight="700" font-size="%d" fill="#fff">%d</text></svg>`,
			iconColors[m[2]], map[bool]int{true: 14, false: 17}[value >= 100], min(value, 100))
	} else if name != "plain.svg" && name != "" {
		return errNoPage
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "public, max-age=86400")
	_, err := w.Write([]byte(svg))
	return ignoreGone(err)
}
