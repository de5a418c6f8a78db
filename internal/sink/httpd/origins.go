package httpd

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// origins are those of pages elsewhere that may ask this server, named one by
// one. There is no "all of them": a page of any site could then read the mail.
type origins []string

// newOrigins reads origins as browsers write them: scheme://host[:port].
func newOrigins(list []string) (origins, error) {
	for _, o := range list {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Scheme+"://"+u.Host != o {
			return nil, fmt.Errorf("%q is not an origin such as http://localhost:3000", o)
		}
	}
	return list, nil
}

// allow reports whether a request is from a page of a named origin.
func (o origins) allow(r *http.Request) bool {
	from := r.Header.Values("Origin")
	return len(from) == 1 && slices.Contains(o, from[0])
}

// What such a page may send and read beside what every page may. Cookies are not
// among it: the token comes in Authorization, from a page that knows it.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, If-None-Match, Last-Event-ID"
	corsExposed = "ETag, Retry-After, Content-Disposition"
)

// shared lets pages of named origins read the answers (CORS, as Fetch has it),
// and answers what a browser asks before it sends their requests.
func (o origins) shared(next http.Handler) http.Handler {
	if len(o) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if !o.allow(r) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		h.Set("Access-Control-Expose-Headers", corsExposed)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", corsHeaders)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
