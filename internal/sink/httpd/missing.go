package httpd

import "net/http"

// withProblems answers for what a mux has no route for, which the mux itself
// does in plain text: a program reads all of our refusals in the same way.
func withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, pattern := mux.Handler(r); pattern == "" {
			told := &toldOnly{header: http.Header{}}
			h.ServeHTTP(told, r)
			switch told.status {
			case http.StatusNotFound:
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
