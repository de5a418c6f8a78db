package mtasts

import (
	"runtime"
	"strings"
	"testing"
)

// Texts made to hurt get an answer, and one of a sensible size.
func TestHostileTexts(t *testing.T) {
	const size = 64 << 10
	const policy = "version: STSv1\nmode: enforce\nmax_age: 604800\n"
	fill := func(before, s string) string { return before + strings.Repeat(s, (size-len(before))/len(s)) }
	for name, text := range map[string]string{
		"text that is not a record": fill("", "hello "),
		"fields":                    fill("v=STSv1;", "a=b;"),
		"fields without a value":    fill("v=STSv1;", "a;"),
		"one value":                 fill("v=STSv1;id=", "1"),
		"semicolons":                fill("", ";"),
		"equals signs":              fill("v=STSv1;", "="),
		"white space":               fill("v=STSv1;", " "),
		"more than 64 KB":           fill("v=STSv1;", "a=b;") + "a=b;",
		"lines":                     fill("", "\n"),
		"colons":                    fill("", ":\n"),
		"patterns":                  fill(policy, "mx: *.*\n"),
		"good patterns":             fill(policy, "mx: a.b\n"),
		"unknown lines":             fill(policy, "x: y\n"),
		"one long label":            fill(policy+"mx: ", "a"),
		"labels":                    fill(policy+"mx: ", "a."),
		"digits":                    fill("version: STSv1\nmode: none\nmax_age: ", "1"),
		"NULs":                      fill("", "\x00"),
		"NULs in a record":          fill("v=STSv1;id=", "\x00"),
		"invalid UTF-8":             fill("", "\xff"),
		"invalid UTF-8 in a policy": fill(policy, "\xff: \xfe\n"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			record, issues := Parse(text)
			p, found := ParsePolicy([]byte(text))
			runtime.ReadMemStats(&after)
			if octets := (after.TotalAlloc - before.TotalAlloc) / uint64(len(text)); octets > 400 {
				t.Errorf("%d octets were allocated for each of the text", octets)
			}
			if record.Valid || len(issues) == 0 || len(issues) > 2*maxIssues {
				t.Errorf("as a record: valid %t, %d issues", record.Valid, len(issues))
			}
			if p.Valid != (name == "good patterns") || len(found) > 2*maxIssues || !p.Valid && len(found) == 0 {
				t.Errorf("as a policy: valid %t, %d issues", p.Valid, len(found))
			}
			for _, i := range append(issues, found...) {
				if len(i.Message) > 300 {
					t.Errorf("a message of %d octets", len(i.Message))
				}
			}
			p.Match("mx.example.com")
		})
	}
}
