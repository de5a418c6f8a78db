package smtp

import (
	"strings"
	"testing"
)

// FuzzReadReply: what is read is bounded, and a reply whose lines have one code
// is the text that came.
func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{"220 mx\r\n", "250-mx\r\n250 SIZE 1000\r\n", "220\n", "250-\r\n250\r\n", "SSH-2.0", "220-a\r\n421 b\r\n", "999 x\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		left := maxSession
		var noted []string
		reply, err := readReply(newLineReader(strings.NewReader(text), &left), func(line string) { noted = append(noted, line) })
		if len(noted) > maxReplyLines {
			t.Fatalf("%d lines noted", len(noted))
		}
		if err != nil {
			return
		}
		if len(reply.Lines) != len(noted) || reply.Code < 200 || reply.Code > 599 {
			t.Fatalf("%q was read as %+v", text, reply)
		}
		for i, line := range noted {
			if !strings.HasSuffix(line, reply.Lines[i]) {
				t.Errorf("line %q was read as %q", line, reply.Lines[i])
			}
		}
	})
}
