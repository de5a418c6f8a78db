package httpd

import (
	"net/http"
	"strings"
)

// withProblems answers for what a mux has no route for, which the mux itself
// does in plain text: a program reads all of our refusals in the same way, and
// somebody with a browser is shown missing, where there is one.
func withProblems(mux *http.ServeMux, missing http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, pattern := mux.Handler(r); pattern == "" {
			told := &toldOnly{header: http.Header{}}
			h.ServeHTTP(told, r)
			switch told.status {
			case http.StatusNotFound:
				if missing != nil && wantsPage(r) {
					missing.ServeHTTP(w, r)
					return
				}
				refuse(w, told.status, "there is nothing at this path")
				return
			case http.StatusMethodNotAllowed:
				w.Header()["Allow"] = told.header["Allow"]
				refuse(w, told.status, "this path is not asked in this way; Allow says how")
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// wantsPage reports whether a browser goes to an address. Below /api/ only
// programs do, also those that say they would take HTML.
func wantsPage(r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads && !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html")
}

// toldOnly learns what would be answered.
type toldOnly struct {
	header http.Header
	status int
}

// Header is what a handler fills.
func (t *toldOnly) Header() http.Header { return t.header }

// WriteHeader notes the status.
func (t *toldOnly) WriteHeader(status int) { t.status = status }

// Write forgets the text.
func (t *toldOnly) Write(b []byte) (int, error) { return len(b), nil }
