package dns_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/dns"
)

func TestNames(t *testing.T) {
	tests := []struct {
		rule, name          string
		canonical, absolute string
		labels              []string
	}{
		{"capitals and a final dot", "Example.COM.", "example.com", "Example.COM.", []string{"Example", "COM"}},
		{"the root", ".", ".", ".", nil},
		{"octets that are not UTF-8 stay", "\xff\xc3.Example", "\xff\xc3.example", "\xff\xc3.Example.", []string{"\xff\xc3", "Example"}},
		{"letters beyond ASCII stay", "BÜCHER.example", "bÜcher.example", "BÜCHER.example.", []string{"BÜCHER", "example"}},
		{"an escaped dot is part of its label", `a\.b.example`, `a\.b.example`, `a\.b.example.`, []string{`a\.b`, "example"}},
		{"also at the end", `example.a\.`, `example.a\.`, `example.a\..`, []string{"example", `a\.`}},
		{"but not after an escaped backslash", `example.a\\.`, `example.a\\`, `example.a\\.`, []string{"example", `a\\`}},
	}
	for _, tt := range tests {
		if got := dns.Canonical(tt.name); got != tt.canonical {
			t.Errorf("%s: Canonical(%q) = %q, want %q", tt.rule, tt.name, got, tt.canonical)
		}
		if got := dns.Absolute(tt.name); got != tt.absolute {
			t.Errorf("%s: Absolute(%q) = %q, want %q", tt.rule, tt.name, got, tt.absolute)
		}
		if diff := cmp.Diff(tt.labels, dns.Labels(tt.name)); diff != "" {
			t.Errorf("%s: Labels(%q) differ (-want +got):\n%s", tt.rule, tt.name, diff)
		}
	}
}

func TestRelationsOfNames(t *testing.T) {
	tests := []struct {
		rule, name, other string
		equal, within     bool
	}{
		{"case and final dot do not count", "EXAMPLE.com.", "example.COM", true, true},
		{"octets that are not UTF-8 do", "\xfe.example", "\xff.example", false, false},
		{"a sign that folds to K is not K", "\u212a.example", "k.example", false, false},
		{"below", "a.b.example.com", "example.com", false, true},
		{"everything is below the root", "example.com", ".", false, true},
		{"the root is below nothing else", ".", "example.com", false, false},
		{"a name that only ends alike", "notexample.com", "example.com", false, false},
		{"a label that only ends alike", `a\.example.com`, "example.com", false, false},
	}
	for _, tt := range tests {
		if got := dns.EqualNames(tt.name, tt.other); got != tt.equal {
			t.Errorf("%s: EqualNames(%q, %q) = %v", tt.rule, tt.name, tt.other, got)
		}
		if got := dns.Within(tt.name, tt.other); got != tt.within {
			t.Errorf("%s: Within(%q, %q) = %v", tt.rule, tt.name, tt.other, got)
		}
	}
}
