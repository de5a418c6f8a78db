package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// Tagged is an answer with an ETag, which a client need not read twice.
type Tagged[T any] struct {
	Status int
	ETag   string `header:"ETag"`
	Body   T
}

// tagged is an answer whose tag is that of its content.
func tagged[T any](ifNoneMatch string, body T) *Tagged[T] {
	return unchanging(ifNoneMatch, etagOf(body), body)
}

// unchanging is an answer whose tag is known.
func unchanging[T any](ifNoneMatch, etag string, body T) *Tagged[T] {
	return &Tagged[T]{Status: statusFor(ifNoneMatch, etag), ETag: etag, Body: body}
}

// fixed is the tag of what is fixed with a message: it never changes.
func fixed(r *store.Record) string { return `"` + r.ID + `"` }

// statusFor is 304 when the client has the answer already.
func statusFor(ifNoneMatch, etag string) int {
	if matches(ifNoneMatch, etag) {
		return http.StatusNotModified
	}
	return http.StatusOK
}

// matches compares as RFC 9110 §13.1.2 says: weakly.
func matches(ifNoneMatch, etag string) bool {
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || candidate == etag {
			return true
		}
	}
	return false
}

func etagOfBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// etagOf covers all of a value; of a record that is what may change: marks and score.
func etagOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return etagOfBytes(b)
}
