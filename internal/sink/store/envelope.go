package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/postmuster/postmuster/internal/message"
)

// meta of a message: what is not its bytes. The fields of package message are
// stored by their names; one that is renamed needs a new version of the log.
type messageMeta struct {
	Origin   message.Origin    `json:",omitempty"`
	Path     string            `json:",omitempty"`
	Envelope *message.Envelope `json:",omitempty"`
	Session  *message.Session  `json:",omitempty"`

	Tags  []string   `json:",omitempty"` // that it was given with
	Rules []ruleMeta `json:",omitempty"` // in force when it was received
}

// A ruleMeta is a TagRule as it is stored.
type ruleMeta struct{ Tag, Search string }

func encodeMessage(m *message.Message, tags []string, rules []ruleMeta) ([]byte, error) {
	return json.Marshal(messageMeta{m.Origin, m.Path, m.Envelope, m.Session, tags, rules})
}

func decodeMeta(meta []byte) (*messageMeta, error) {
	d := &messageMeta{}
	return d, json.Unmarshal(meta, d)
}

func (d *messageMeta) message() *message.Message {
	return &message.Message{Origin: d.Origin, Path: d.Path, Envelope: d.Envelope, Session: d.Session}
}

func decodeMessage(meta []byte) (*message.Message, error) {
	d, err := decodeMeta(meta)
	if err != nil {
		return nil, err
	}
	return d.message(), nil
}

// reportMeta is the meta of a report; the body is its JSON.
type reportMeta struct {
	Score  Score
	Failed []string
}

// A change is the meta of kindDelete, kindTags and kindRead.
type change struct {
	Seqs []byte   // spans, encoded
	Tags []string `json:",omitempty"`
	Read bool     `json:",omitempty"`

	// The last record of a move says where the copy of the message stands, and
	// which message is the oldest: what limits had expired is not counted again
	// when the copies are read in the order that they have now.
	Segment uint64 `json:",omitempty"`
	Offset  int64  `json:",omitempty"`
	Oldest  uint64 `json:",omitempty"`
}

// A span is messages from First to Last.
type span struct{ First, Last uint64 }

// spansOf joins ascending numbers.
func spansOf(seqs []uint64) []span {
	var spans []span
	for _, seq := range seqs {
		if n := len(spans); n > 0 && spans[n-1].Last+1 == seq {
			spans[n-1].Last = seq
		} else {
			spans = append(spans, span{seq, seq})
		}
	}
	return spans
}

// encodeSpans writes spans as differences, which are small.
func encodeSpans(spans []span) []byte {
	var b []byte
	last := uint64(0)
	for _, s := range spans {
		b = binary.AppendUvarint(b, s.First-last)
		b = binary.AppendUvarint(b, s.Last-s.First)
		last = s.Last
	}
	return b
}

func decodeSpans(b []byte) ([]span, error) {
	var spans []span
	last := uint64(0)
	for len(b) > 0 {
		first, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, fmt.Errorf("span %d is cut off", len(spans))
		}
		length, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return nil, fmt.Errorf("span %d is cut off", len(spans))
		}
		s := span{last + first, last + first + length}
		if s.First < last || s.Last < s.First {
			return nil, fmt.Errorf("span %d overflows", len(spans))
		}
		spans = append(spans, s)
		last, b = s.Last, b[n+m:]
	}
	return spans, nil
}

// sessionMeta is the meta of kindSession.
type sessionMeta struct {
	Reason  string
	Session *message.Session
}
