package peers

import (
	"testing"

	mdns "github.com/miekg/dns"
)

func TestKnotSignsAndUnboundValidates(t *testing.T) {
	zones := []Zone{
		{Name: "example.com", Text: `@ TXT "v=spf1 -all"`, Signed: true},
		{Name: "example.net", Text: `@ TXT "v=spf1 mx -all"`},
	}
	unbound := Unbound(t, Knot(t, zones...), zones...)
	for zone, signed := range map[string]bool{"example.com": true, "example.net": false} {
		q := new(mdns.Msg).SetQuestion(mdns.Fqdn(zone), mdns.TypeTXT).SetEdns0(1232, true)
		answer, err := mdns.Exchange(q, unbound)
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Answer) == 0 || answer.AuthenticatedData != signed {
			t.Errorf("%s: AD %t, want %t:\n%s", zone, answer.AuthenticatedData, signed, answer)
		}
	}
}
