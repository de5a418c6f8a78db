package dmarc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAuthorizeReports(t *testing.T) {
	const policy = "_dmarc.example.com v=DMARC1;p=none\n"
	const name = "example.com._report._dmarc.example.net"
	tests := []struct {
		name, zone, domain, rua string
		want                    Authorization
		override                string
	}{
		{"the same domain", policy, "example.com", "mailto:a@example.com", AuthNotNeeded, ""},
		{"the same organizational domain", policy, "example.com", "mailto:a@reports.example.com", AuthNotNeeded, ""},
		{"a parent of the same organization", policy, "sub.example.com", "mailto:a@example.com", AuthNotNeeded, ""},
		{"another organization that agrees", policy + name + " v=DMARC1", "example.com", "mailto:a@example.net", AuthGiven, ""},
		{"another organization that says nothing", policy, "example.com", "mailto:a@example.net", AuthNotGiven, ""},
		{"a text that is no DMARC record", policy + name + " yes please", "example.com", "mailto:a@example.net", AuthNotGiven, ""},
		{"any record that parses will do", policy + name + " x\n" + name + " v=DMARC1;\n" + name + " v=DMARC1", "example.com", "mailto:a@example.net", AuthGiven, ""},
		{"an alias that agrees", policy + name + " CNAME any.example.org\nany.example.org v=DMARC1", "example.com", "mailto:a@example.net", AuthGiven, ""},
		{"an override of the same host", policy + name + " v=DMARC1;rua=mailto:b@example.net", "example.com", "mailto:a@example.net", AuthGiven, "mailto:b@example.net"},
		{"an override to another host", policy + name + " v=DMARC1;rua=mailto:b@victim.example.net", "example.com", "mailto:a@example.net", AuthNotGiven, ""},
		{"one override of two to another host", policy + name + " v=DMARC1;rua=mailto:b@example.net,mailto:b@example.org", "example.com", "mailto:a@example.net", AuthNotGiven, ""},
		{"SERVFAIL for the agreement", policy + name + " SERVFAIL", "example.com", "mailto:a@example.net", AuthUnknown, ""},
		{"SERVFAIL in the walk of the destination", policy + "_dmarc.example.net SERVFAIL\n" + name + " v=DMARC1", "example.com", "mailto:a@example.net", AuthUnknown, ""},
		{"SERVFAIL in the walk of the policy domain", "_dmarc.example.com SERVFAIL", "example.com", "mailto:a@example.net", AuthUnknown, ""},
		{"a name that is too long", policy, strings.Repeat("a.", 100) + "example.com", "mailto:a@" + strings.Repeat("b.", 30) + "example.net", AuthNotGiven, ""},
		{"psd=n makes a destination external", policy + "_dmarc.lab.example.com v=DMARC1;p=none;psd=n", "example.com", "mailto:a@lab.example.com", AuthNotGiven, ""},
		{"https of another organization", policy + name + " v=DMARC1", "example.com", "https://example.net/r", AuthGiven, ""},
		{"not a URI", policy, "example.com", "a@example.net", AuthImpossible, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			record, _ := Parse("v=DMARC1;p=none;rua=" + tt.rua)
			got := AuthorizeReports(t.Context(), newZone(t, tt.zone), tt.domain, record.RUA)[0]
			if got.Authorization != tt.want {
				t.Errorf("authorization = %s (%s), want %s", got.Authorization, got.Reason, tt.want)
			}
			var override []string
			for _, u := range got.Override {
				override = append(override, u.Text)
			}
			if diff := cmp.Diff(tt.override, strings.Join(override, ",")); diff != "" {
				t.Errorf("override (-want +got):\n%s", diff)
			}
			if got.Authorization != AuthGiven && got.Authorization != AuthNotNeeded && got.Reason == "" {
				t.Error("no reason is given")
			}
		})
	}
}

func TestAuthorizeReportsByTheList(t *testing.T) {
	// Without records the walk makes each name its own organization.
	record, _ := Parse("v=DMARC1;p=none;rua=mailto:a@reports.example.com")
	got := AuthorizeReports(t.Context(), newZone(t, ""), "mail.example.com", record.RUA)[0]
	if got.Authorization != AuthNotGiven || !got.PSLDiffers {
		t.Errorf("authorization = %s, differs = %v; want not authorized, true", got.Authorization, got.PSLDiffers)
	}
}

func TestAuthorizeReportsAsksWithinBounds(t *testing.T) {
	var uris []string
	for i := range 2000 {
		uris = append(uris, fmt.Sprintf("mailto:a@h%d.example.net", i))
	}
	record, _ := Parse("v=DMARC1;p=none;rua=" + strings.Join(uris, ","))
	z := newZone(t, "")
	got := AuthorizeReports(t.Context(), z, "example.com", record.RUA)
	if len(got) != 2000 || got[1999].Authorization != AuthUnknown || len(z.asked) > 3*maxDestinations+10 {
		t.Errorf("%d destinations, the last %s, %d questions", len(got), got[len(got)-1].Authorization, len(z.asked))
	}
}
