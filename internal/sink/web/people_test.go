package web

import (
	"strings"
	"testing"
)

func TestRecipientsThatTheHeaderDoesNotName(t *testing.T) {
	for _, c := range []struct {
		name, header string
		rcpt         []string
		want         string // empty: nothing is said of the envelope
	}{
		{"all named", "To: ada@example.net\nCc: Bob <BOB@example.net>\n", []string{"Ada@example.net", "bob@example.net"}, ""},
		{"a blind copy", "To: ada@example.net\n", []string{"ada@example.net", "hidden@example.org"}, "Also to hidden@example.org not in the header"},
		{"a mailing list", "To: list@example.com\n", []string{"ada@example.net"}, "Envelope to ada@example.net not in the header"},
		{"no To at all", "", []string{"ada@example.net"}, "Envelope to ada@example.net not in the header"},
		{"the null sender", "", []string{`"><script>@example.net`}, `Envelope to "><script>@example.net not in the header`},
	} {
		s := newSite(t)
		id := s.receiveFor("From: shop@example.com\n"+c.header+"\nx\n", c.rcpt...)
		got := textOf(t, s.get("/messages/"+id).Body.String(), "people")
		if c.want == "" && strings.Contains(got, "not in the header") {
			t.Errorf("%s: it says %q", c.name, got)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: it says %q, want %q", c.name, got, c.want)
		}
	}
}

func TestManyRecipientsAreFoldedAway(t *testing.T) {
	s := newSite(t)
	id := s.receive("From: shop@example.com\nTo: " + strings.TrimSuffix(strings.Repeat("ada@example.net, ", 30), ", ") + "\n\nx\n")
	if got := textOf(t, s.get("/messages/"+id).Body.String(), "people"); !strings.Contains(got, "and 22 more") {
		t.Errorf("it says %q", got)
	}
}

func TestMessageWithoutFromShowsItsEnvelope(t *testing.T) {
	s := newSite(t)
	id := s.receive("Subject: x\n\nx\n")
	if got, want := textOf(t, s.get("/messages/"+id).Body.String(), "people"), "Envelope from shop@example.com"; !strings.Contains(got, want) {
		t.Errorf("it says %q, want %q", got, want)
	}
}
