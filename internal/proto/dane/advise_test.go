package dane

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

// records reads "3 1 1 a" as a record whose digest has the right length and
// consists of that digit.
func records(t *testing.T, texts ...string) []dns.TLSA {
	t.Helper()
	var all []dns.TLSA
	for _, text := range texts {
		digits := 64
		if strings.Fields(text)[2] == "2" {
			digits = 128
		}
		record, issues := Parse(text + strings.Repeat(text[len(text)-1:], digits-1))
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		all = append(all, record)
	}
	return all
}

func TestSchemeOf(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts []string
		want  Scheme
	}{
		{"nothing", nil, SchemeUnusable},
		{"unusable only", []string{"1 1 1 a", "0 1 1 b"}, SchemeUnusable},
		{"one key", []string{"3 1 1 a"}, SchemeNone},
		{"one key, twice", []string{"3 1 1 a", "3 1 1 a"}, SchemeNone},
		{"one key, two digests", []string{"3 1 1 a", "3 1 2 b"}, SchemeNone},
		{"one certificate, two selectors", []string{"3 1 1 a", "3 0 1 b"}, SchemeNone},
		{"two keys", []string{"3 1 1 a", "3 1 1 b"}, SchemeCurrentNext},
		{"key and issuer", []string{"3 1 1 a", "2 1 1 b"}, SchemeCurrentTA},
		{"issuer", []string{"2 1 1 a"}, SchemeTA},
		{"two issuers", []string{"2 1 1 a", "2 1 1 b"}, SchemeTA},
		{"unusable ones do not count", []string{"3 1 1 a", "1 1 1 b"}, SchemeNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := SchemeOf(records(t, c.texts...)); got != c.want {
				t.Errorf("SchemeOf(%v) = %q, want %q", c.texts, got, c.want)
			}
		})
	}
}

func TestAdvise(t *testing.T) {
	type issue struct {
		Severity Severity
		Code     Code
		Record   int
	}
	for _, c := range []struct {
		name  string
		texts []string
		want  []issue
	}{
		{"3 1 1 twice over", []string{"3 1 1 a", "3 1 1 b"}, nil},
		{"3 1 1 and 2 1 1", []string{"3 1 1 a", "2 1 1 b"}, nil},
		{"2 0 1 is as good", []string{"2 0 1 a"}, nil},
		{"no rollover", []string{"3 1 1 a"}, []issue{{SeverityInfo, CodeRollover, 0}}},
		{"3 0 1", []string{"3 0 1 a", "2 1 1 b"}, []issue{{SeverityInfo, CodeParameters, 0}}},
		{"unusable", []string{"2 1 1 a", "1 1 1 b"}, []issue{{SeverityWarning, CodeUnusable, 1}}},
		{"duplicate", []string{"2 1 1 a", "2 1 1 a"}, []issue{{SeverityInfo, CodeDuplicate, 1}}},
		{"as many of each digest", []string{"2 1 1 a", "2 1 1 b", "2 1 2 c", "2 1 2 d"}, nil},
		{"fewer SHA-512", []string{"2 1 1 a", "2 1 1 b", "2 1 2 c"}, []issue{{SeverityWarning, CodeAgility, 0}, {SeverityWarning, CodeAgility, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []issue
			for _, i := range Advise(records(t, c.texts...)) {
				got = append(got, issue{i.Severity, i.Code, i.Position})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Advise(%v) (-want +got):\n%s", c.texts, diff)
			}
		})
	}
	p := newPKI(t)
	full := []dns.TLSA{Record(p.leaf.Certificate, 3, 1, 0), Record(p.root.Certificate, 2, 1, 1)}
	if got := Advise(full); len(got) != 1 || got[0].Code != CodeParameters {
		t.Errorf("Advise(a whole key) = %+v, want advice on the parameters", got)
	}
	if got := Advise(make([]dns.TLSA, 5000)); len(got) > 3*MaxRecords {
		t.Errorf("%d issues on 5000 records", len(got))
	}
}
