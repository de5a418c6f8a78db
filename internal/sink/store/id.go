package store

import (
	"strings"
	"time"
)

// An ID is 10 characters of the time in milliseconds and 7 of the Seq, in the
// alphabet of Crockford's base 32 in lower case: it sorts like the two.
const (
	idAlphabet  = "0123456789abcdefghjkmnpqrstvwxyz"
	idTimeChars = 10
	idSeqChars  = 7 // 34 thousand million messages; an ID of more is longer
)

// formatID returns the ID of the message seq received at a time in Unix nanoseconds.
func formatID(seq uint64, nanos int64) string {
	b := make([]byte, 0, idTimeChars+idSeqChars+6)
	b = appendBase32(b, uint64(nanos/int64(time.Millisecond)), idTimeChars)
	return string(appendBase32(b, seq, idSeqChars))
}

func appendBase32(b []byte, v uint64, chars int) []byte {
	for chars < 13 && v>>(5*chars) != 0 {
		chars++
	}
	for i := chars - 1; i >= 0; i-- {
		b = append(b, idAlphabet[v>>(5*i)&31])
	}
	return b
}

// parseID returns the Seq in an ID; ok is false for what formatID never returns.
func parseID(id string) (seq uint64, ok bool) {
	if len(id) < idTimeChars+idSeqChars || len(id) > idTimeChars+12 {
		return 0, false
	}
	for i := range len(id) {
		v := strings.IndexByte(idAlphabet, id[i])
		if v < 0 {
			return 0, false
		}
		if i >= idTimeChars {
			seq = seq<<5 | uint64(v)
		}
	}
	return seq, seq != 0
}
