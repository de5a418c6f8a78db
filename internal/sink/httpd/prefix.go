package httpd

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// ParsePrefix reads the path below which a proxy serves us, such as /mail; "" and
// "/" are none.
func ParsePrefix(text string) (string, error) {
	prefix := strings.TrimRight(text, "/")
	switch {
	case prefix == "":
		return "", nil
	case !prefixForm.MatchString(prefix):
		return "", fmt.Errorf("%q is not a path such as /mail", text)
	case prefix == "/api" || strings.HasPrefix(prefix, "/api/"):
		return "", fmt.Errorf("%q begins like the paths of the API", text)
	}
	return prefix, nil
}

// belowPrefix takes the prefix from the path of a request. A request without it
// is served, too: proxies take it away or leave it there, and what asks for
// /readyz beside the proxy need not know of it.
func belowPrefix(next http.Handler, prefix string) http.Handler {
	if prefix == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == prefix && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			to := url.URL{Path: prefix + "/", RawQuery: r.URL.RawQuery}
			w.Header().Set("Location", to.String())
			w.WriteHeader(http.StatusPermanentRedirect)
			return
		}
		if !strings.HasPrefix(r.URL.Path, prefix+"/") {
			next.ServeHTTP(w, r)
			return
		}
		http.StripPrefix(prefix, next).ServeHTTP(w, r)
	})
}
