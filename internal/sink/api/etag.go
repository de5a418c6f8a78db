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

// etagOf covers what may change of a message: marks and score.
func etagOf(r *store.Record) string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return etagOfBytes(b)
}
