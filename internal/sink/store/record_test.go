package store

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"testing"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/smtp"
)

// FuzzLog reads a segment of any bytes: it never panics, and what parses as a
// header is written the same way.
func FuzzLog(f *testing.F) {
	const secret = 7
	h := header{kind: kindMessage, seq: 1, time: 2, metaLen: 3, bodyLen: 4, checksum: 5}
	valid := append(h.append(nil, secret), "metabody"...)
	f.Add(valid)
	f.Add(append([]byte("xx"), valid...))
	f.Add(valid[:len(valid)-9])
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := parseHeader(data, secret); err == nil && !bytes.Equal(h.append(nil, secret), data[:headerBytes]) {
			t.Fatalf("%+v is written differently", h)
		}
		d := &memoryDisk{segments: map[uint64]*memoryFile{}}
		file, _ := d.create(1)
		head := segmentHeader{store: [16]byte{secret}, number: 1, nextSeq: 1}
		if _, err := file.WriteAt(append(head.append(nil), data...), 0); err != nil {
			t.Fatal(err)
		}
		l, err := openLog(d, 1000, position{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		c, err := newCodec()
		if err != nil {
			t.Fatal(err)
		}
		tl := &tail{log: l, at: position{segment: 1}}
		defer tl.close()
		for end := l.at; ; {
			h, at, ok, err := tl.next(end)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			if h.bodyRaw < 1<<20 && h.metaRaw < 1<<20 {
				r := &recordReader{header: h, at: at, file: tl.scan.file, log: l}
				_, _ = c.meta(r)
				_, _ = c.body(r)
			}
		}
		c.encoder.Close()
		c.decoder.Close()
	})
}

// FuzzEnvelope keeps what a client said: it comes back as it was, in UTF-8.
func FuzzEnvelope(f *testing.F) {
	f.Add("a@example.com", "b@example.net", "NOTIFY", "SUCCESS,FAILURE", "client.example.net", "alice")
	f.Add("\xff\x00\"\\", "<>", "", "=", "\u2028</script>", "\ufffd")
	f.Fuzz(func(t *testing.T, from, to, keyword, value, helo, identity string) {
		for _, s := range []*string{&from, &to, &keyword, &value, &helo, &identity} {
			*s = utf8Runes(*s)
		}
		params := message.Params{{Keyword: keyword, Value: value}}
		m := &message.Message{
			Origin:   message.OriginSMTP,
			Envelope: &message.Envelope{MailFrom: from, Params: params, Rcpt: []message.Rcpt{{To: to, Params: params}}},
			Session:  &message.Session{HELO: helo, AuthIdentity: identity, Transcript: []smtp.Line{{At: 1, From: smtp.FromClient, Text: from}}},
		}
		meta, err := encodeMessage(m, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeMessage(meta)
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%+v becomes %+v, %v", m, got, err)
		}
	})
}

// utf8Runes replaces each byte that is no UTF-8, as JSON does.
func utf8Runes(s string) string { return string([]rune(s)) }

func FuzzDecodeSpans(f *testing.F) {
	f.Add(encodeSpans([]span{{1, 2}, {5, 5}, {1 << 40, 1 << 41}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		spans, err := decodeSpans(data)
		if err != nil {
			return
		}
		again, err := decodeSpans(encodeSpans(spans))
		if err != nil || !reflect.DeepEqual(spans, again) {
			t.Fatalf("%v becomes %v, %v", spans, again, err)
		}
	})
}

func FuzzSegmentHeader(f *testing.F) {
	f.Add((&segmentHeader{number: 3, nextSeq: 9}).append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseSegmentHeader(data)
		if err != nil {
			return
		}
		// The bytes between the fields and the checksum are for later versions.
		if again, err := parseSegmentHeader(h.append(nil)); err != nil || again != h {
			t.Fatalf("%+v becomes %+v, %v", h, again, err)
		}
	})
}

func TestSpans(t *testing.T) {
	got := spansOf([]uint64{1, 2, 3, 7, 9, 10})
	if want := []span{{1, 3}, {7, 7}, {9, 10}}; !reflect.DeepEqual(got, want) {
		t.Errorf("spansOf = %v, want %v", got, want)
	}
	for _, cut := range [][]byte{{0x80}, {1}, {1, 0x80}} {
		if _, err := decodeSpans(cut); err == nil {
			t.Errorf("decodeSpans(%v) succeeds", cut)
		}
	}
	if _, err := parseHeader(nil, 0); !errors.Is(err, errBadRecord) {
		t.Errorf("parseHeader of nothing = %v", err)
	}
}
