package httpd

import (
	"io"
	"net/http"
	"time"
)

// limited bounds the body of each request, and the time that a client may take:
// for the body as a whole, and for each piece of the answer.
func limited(next http.Handler, maxBody int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		patient := &patientWriter{ResponseWriter: w, control: control}
		patient.extend()
		defer patient.extend() // for what the server itself has still to send
		if r.ContentLength > maxBody {
			w.Header().Set("Connection", "close") // rather than reading it to its end
			refuse(patient, http.StatusRequestEntityTooLarge, "the body is larger than this server takes")
			return
		}
		if r.ContentLength != 0 {
			// The server looks at the body of its own request to see whether all
			// of it was read: what was not must not become the next request.
			r = r.WithContext(r.Context())
			body := &timelyBody{ReadCloser: r.Body, control: control, deadline: time.Now().Add(bodyTimeout)}
			r.Body = http.MaxBytesReader(w, body, maxBody)
		}
		next.ServeHTTP(patient, r)
	})
}

// A timelyBody must have come by its deadline. http.Server.ReadTimeout would do,
// but it goes on after the body and so ends streams and long polls.
type timelyBody struct {
	io.ReadCloser
	control  *http.ResponseController
	deadline time.Time
}

// Read reads more of the body.
func (b *timelyBody) Read(p []byte) (int, error) {
	if err := b.control.SetReadDeadline(b.deadline); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		// From here on the server only watches for the end of the connection.
		if clearErr := b.control.SetReadDeadline(time.Time{}); clearErr != nil {
			return n, clearErr
		}
	}
	return n, err
}

// A patientWriter gives a client time for each piece of an answer rather than
// for the whole: a stream may last, a client that stops reading may not.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

// pieceBytes is small against what a slow line carries in writeTimeout.
const pieceBytes = 256 << 10

// An error here is a closed connection, which the next write reports.
func (w *patientWriter) extend() { _ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout)) }

// WriteHeader begins the answer.
func (w *patientWriter) WriteHeader(status int) {
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// Write writes b in pieces.
func (w *patientWriter) Write(b []byte) (int, error) {
	written := 0
	for {
		w.extend()
		n, err := w.ResponseWriter.Write(b[written:min(len(b), written+pieceBytes)])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// Flush sends what was written.
func (w *patientWriter) Flush() { _ = w.FlushError() }

// FlushError sends what was written, and says when the client is gone.
func (w *patientWriter) FlushError() error {
	w.extend()
	return w.control.Flush()
}

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
