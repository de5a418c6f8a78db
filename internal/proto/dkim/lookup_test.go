package dkim

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

// zone answers from a map: TXT records, "CNAME target" or "SERVFAIL" by name.
// What is not in it does not exist.
type zone map[string][]string

func (z zone) Resolve(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Question: q, Rcode: dns.RcodeNXDomain}
	name := dns.Canonical(q.Name)
	for {
		texts, ok := z[name]
		if !ok {
			return a, nil
		}
		a.Rcode = dns.RcodeNoError
		if len(texts) == 1 && texts[0] == "SERVFAIL" {
			return nil, &dns.Error{Question: q, Cause: dns.CauseRcode, Rcode: dns.RcodeServFail}
		}
		if len(texts) == 1 && strings.HasPrefix(texts[0], "CNAME ") {
			target := strings.TrimPrefix(texts[0], "CNAME ")
			a.Records = append(a.Records, dns.Record{Name: name, Data: dns.CNAME{Target: target}})
			a.Rcode = dns.RcodeNXDomain
			name = dns.Canonical(target)
			continue
		}
		for _, text := range texts {
			a.Records = append(a.Records, dns.Record{Name: name, Data: dns.TXT{Strings: []string{text}}})
		}
		return a, nil
	}
}

func TestLookupKey(t *testing.T) {
	key := keyText(t, rsaTestKey(t, testRSA2048))
	other := keyText(t, rsaTestKey(t, otherRSA))
	z := zone{
		"good._domainkey.example.com":          {key},
		"nodata._domainkey.example.com":        {},
		"revoked._domainkey.example.com":       {"v=DKIM1; p="},
		"two._domainkey.example.com":           {key, other},
		"same._domainkey.example.com":          {key, key + ";"},
		"unrelated._domainkey.example.com":     {"v=spf1 -all", key},
		"spf._domainkey.example.com":           {"v=spf1 -all"},
		"dmarc._domainkey.example.com":         {"v=DMARC1; p=none"},
		"invalid._domainkey.example.com":       {"v=DKIM1; p=!"},
		"misspelt._domainkey.example.com":      {strings.Replace(key, "DKIM", "DKMI", 1)},
		"servfail._domainkey.example.com":      {"SERVFAIL"},
		"alias._domainkey.example.com":         {"CNAME Good._domainkey.example.com"},
		"dangling._domainkey.example.com":      {"CNAME gone.example.net"},
		"good._domainkey.xn--bcher-kva.test":   {key},
		"xn--bcher-kva._domainkey.example.com": {key},
	}
	for _, tt := range []struct {
		name, selector, domain string
		status                 KeyStatus
		alias                  string
		issues                 []string
	}{
		{"a key", "good", "example.com", KeyFound, "", nil},
		{"letter case does not matter", "GOOD", "Example.COM", KeyFound, "", nil},
		{"NXDOMAIN", "missing", "example.com", KeyNone, "", nil},
		{"NODATA", "nodata", "example.com", KeyNone, "", nil},
		{"revoked", "revoked", "example.com", KeyRevoked, "", []string{"warning revoked"}},
		{"two keys", "two", "example.com", KeySeveral, "", []string{"error several-keys"}},
		{"one key twice", "same", "example.com", KeyFound, "", []string{"warning several-keys"}},
		{"a key beside another record", "unrelated", "example.com", KeyFound, "", []string{"warning unrelated-record"}},
		{"a wildcard's SPF record", "spf", "example.com", KeyNone, "", []string{"warning unrelated-record"}},
		{"a wildcard's DMARC record", "dmarc", "example.com", KeyNone, "", []string{"warning unrelated-record"}},
		{"an unusable record", "invalid", "example.com", KeyInvalid, "", []string{"error base64"}},
		{"a misspelt version", "misspelt", "example.com", KeyInvalid, "", []string{"error version"}},
		{"a CNAME", "alias", "example.com", KeyFound, "good._domainkey.example.com", nil},
		{"a CNAME to nowhere", "dangling", "example.com", KeyNone, "gone.example.net", []string{"error dangling-alias"}},
		{"U-labels in the domain", "good", "bücher.test", KeyFound, "", nil},
		{"U-labels in the selector", "Bücher", "example.com", KeyFound, "", nil},
		{"an empty label", "a..b", "example.com", KeyNone, "", []string{"error domain"}},
		{"a long label", strings.Repeat("a", 64), "example.com", KeyNone, "", []string{"error domain"}},
		{"no domain", "good", "", KeyNone, "", []string{"error domain"}},
		{"a space in the domain", "good", "exa mple.com", KeyNone, "", []string{"error domain"}},
		{"a NUL in the selector", "\x00", "example.com", KeyNone, "", []string{"error domain"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := LookupKey(t.Context(), z, tt.selector, tt.domain)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != tt.status || got.Alias != tt.alias {
				t.Errorf("status %q, alias %q, want %q, %q", got.Status, got.Alias, tt.status, tt.alias)
			}
			if diff := cmp.Diff(tt.issues, codes(got.Issues)); diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
			if wantKey := tt.status == KeyFound || tt.status == KeyRevoked || tt.status == KeyInvalid; (got.Key != nil) != wantKey {
				t.Errorf("Key = %v with status %q", got.Key, got.Status)
			}
		})
	}
}

func TestLookupKeyKeepsFailuresApart(t *testing.T) {
	z := zone{"s._domainkey.example.com": {"SERVFAIL"}}
	got, err := LookupKey(t.Context(), z, "s", "example.com")
	if err == nil || got.Status != KeyUnknown {
		t.Errorf("SERVFAIL gave %q and the error %v, want unknown and an error", got.Status, err)
	}
}
