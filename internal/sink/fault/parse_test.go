package fault

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var equalPrefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       Rule
	}{
		{"one value instead of a list", "{on: rcpt, to: A@example.com, reply: 550}",
			Rule{Name: "rule 1", On: []Command{Rcpt}, To: []string{"a@example.com"}, Reply: &Reply{550, "5.1.1", "no such user here"}}},
		{"commands in capitals", "{on: [MAIL, Rcpt], reply: 451 chaos}",
			Rule{Name: "rule 1", On: []Command{Mail, Rcpt}, Reply: &Reply{451, "", "chaos"}}},
		{"a code that has no usual text", "{on: rcpt, reply: 571}",
			Rule{Name: "rule 1", On: []Command{Rcpt}, Reply: &Reply{571, "5.0.0", "refused"}}},
		{"greylisting is at RCPT", "{greylist: 5m}",
			Rule{Name: "rule 1", On: []Command{Rcpt}, Greylist: Duration(5 * time.Minute)}},
		{"a full disk is seen after the message", "{disk: full, probability: 2.5%}",
			Rule{Name: "rule 1", On: []Command{Body}, Disk: DiskFull, Probability: 25_000}},
		{"counts and networks", `{on: mail, peer: ["192.0.2.77/24", "2001:db8::1"], per: triplet, nth: [2, 5], first: 9, every: 2, after: 1, drop: after}`,
			Rule{Name: "rule 1", On: []Command{Mail}, Peer: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::1/128")},
				Per: PerTriplet, Nth: []int{2, 5}, First: 9, Every: 2, After: 1, Drop: DropAfter}},
		{"slowness beside a reply", "{on: body, delay: 1s, tarpit: 2s, slow: {line: 3ms, bytes: 4}, reply: 250 2.0.0 done}",
			Rule{Name: "rule 1", On: []Command{Body}, Delay: Duration(time.Second), Tarpit: Duration(2 * time.Second),
				Slow: &Slow{Duration(3 * time.Millisecond), 4}, Reply: &Reply{250, "2.0.0", "done"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse("faults.yaml", []byte("rules:\n  - "+tt.text+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Rule{tt.want}, s.Rules, equalPrefixes); diff != "" {
				t.Errorf("Parse() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "seed: 3\n", "rules:\n", "rules: []\n", "{}"} {
		if s, err := Parse("", []byte(text)); err != nil || len(s.Rules) != 0 {
			t.Errorf("Parse(%q) = %v, %v; want no rules", text, s, err)
		}
	}
}

func TestExampleShowsEveryKey(t *testing.T) {
	s, err := Parse("faults.example.yaml", []byte(Example))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Rules) < 10 {
		t.Errorf("%d rules", len(s.Rules))
	}
	for _, f := range append(ruleKeys(nil, new(Rule)), scriptKeys(nil, new(Script))...) {
		if !strings.Contains(Example, f.key) {
			t.Errorf("the example does not tell of %s", f.key)
		}
	}
	for _, c := range commands {
		if !strings.Contains(Example, string(c)) {
			t.Errorf("the example does not tell of %s", c)
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a key that is misspelt", "rules:\n  - on: rcpt\n    repyl: 550\n", "f.yaml:3:5: rules[0].repyl: unknown key, did you mean reply?"},
		{"a key that is like none", "rule_list:\n  - on: rcpt\n", "f.yaml:1:1: rule_list: unknown key; known are seed, rules"},
		{"a command that is misspelt", "rules:\n  - on: [mail, rpct]\n    reply: 550\n", `f.yaml:2:16: rules[0].on[1]: unknown value "rpct", did you mean rcpt?`},
		{"a code that is none", "rules:\n  - on: rcpt\n    reply: 700 no\n", `f.yaml:3:12: rules[0].reply: "700 no" does not begin with a code of 2yz, 4yz or 5yz`},
		{"a code of DATA", "rules:\n  - {on: data, reply: 354}\n", `f.yaml:2:23: rules[0].reply: "354" does not begin with a code of 2yz, 4yz or 5yz`},
		{"classes that differ", "rules:\n  - {on: rcpt, reply: 550 4.1.1 no}\n", "f.yaml:2:23: rules[0].reply: 550 and 4.1.1 are of different classes"},
		{"a line end in a reply", "rules:\n  - {on: rcpt, reply: \"550 a\\rb\"}\n", "f.yaml:2:23: rules[0].reply: a control character in the text"},
		{"no action", "rules:\n  - on: rcpt\n", "f.yaml:2:5: rules[0]: nothing happens: an action is missing, such as reply"},
		{"two actions", "rules:\n  - {on: rcpt, reply: 550, drop: after}\n", "f.yaml:2:5: rules[0]: more than one of reply, greylist, drop, tls, disk"},
		{"no command", "rules:\n  - reply: 550\n", "f.yaml:2:5: rules[0]: on is missing: at which command?"},
		{"TLS that breaks at RCPT", "rules:\n  - {on: rcpt, tls: drop}\n", "f.yaml:2:5: rules[0]: tls breaks on starttls only"},
		{"a rule that is none", "rules:\n  - reply\n", `f.yaml:2:5: rules[0]: a mapping is needed here, such as "reply: …"`},
		{"rules that are no list", "rules: 1\n", "f.yaml:1:8: rules: a list of rules is needed here"},
		{"a value that is missing", "rules:\n  - on:\n    reply: 550\n", "f.yaml:2:8: rules[0].on: a value is missing"},
		{"an alias", "rules:\n  - {on: &a rcpt, reply: 550}\n", "f.yaml:2:10: rules[0].on: anchors, aliases and tags are not part of the language"},
		{"a key twice", "seed: 1\nseed: 2\n", `f.yaml:2:1: mapping key "seed" already defined at [1:1]`},
		{"a name twice", "rules:\n  - {name: a, on: rcpt, drop: after}\n  - {name: a, on: mail, drop: after}\n", `f.yaml:3:5: rules[1]: another rule is called "a"`},
		{"a probability in words", "rules:\n  - {on: rcpt, probability: half, drop: after}\n", `f.yaml:2:29: rules[0].probability: "half" is not a probability such as 25% or 0.25`},
		{"a probability above one", "rules:\n  - {on: rcpt, probability: 25, drop: after}\n", `f.yaml:2:29: rules[0].probability: "25" is not a probability such as 25% or 0.25`},
		{"a delay without unit", "rules:\n  - {on: rcpt, delay: 5}\n", `f.yaml:2:23: rules[0].delay: "5" is not a duration such as 500ms or 1m30s`},
		{"a delay of a day", "rules:\n  - {on: rcpt, delay: 24h}\n", "f.yaml:2:23: rules[0].delay: 24h is not between 1ns and 15m0s"},
		{"an address that is none", "rules:\n  - {on: rcpt, peer: example.com, drop: after}\n", `f.yaml:2:22: rules[0].peer: "example.com" is not an address or network such as 192.0.2.0/24`},
		{"indented otherwise", "rules:\n  - name: x\n   on: rcpt\n", "f.yaml:3:4: value is not allowed in this context; is the line indented as its neighbours are?"},
		{"not YAML", "rules: [\n", "f.yaml:1:8: sequence end token ']' not found"},
		{"a second document", "seed: 1\n---\nseed: 2\n", "f.yaml:3:1: a second document"},
		{"nested without end", strings.Repeat("[", 1000), "f.yaml: brackets nested more than 20 deep"},
		{"too long", strings.Repeat("# comment\n", 10_000), "f.yaml: longer than 65536 bytes"},
		{"two errors", "sead: 1\nrulez: []\n", "f.yaml:1:1: sead: unknown key, did you mean seed?\nf.yaml:2:1: rulez: unknown key, did you mean rules?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f.yaml", []byte(tt.text))
			if err == nil || err.Error() != tt.want {
				t.Errorf("Parse() = %v\nwant %s", err, tt.want)
			}
		})
	}
}

// FuzzParse: what parses is written so that it parses to the same.
func FuzzParse(f *testing.F) {
	f.Add(Example)
	f.Add("rules:\n  - {on: any, reply: \"451 4.7.1 a\\nb\", per: domain, peer: ::1, probability: 0.125}\n")
	f.Add("? a\n: &x [*x, !!str 1, <<: 2]\n--- |\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("", []byte(text))
		if err != nil {
			return
		}
		again, err := Parse("", []byte(s.String()))
		if err != nil && len(s.String()) <= MaxScriptBytes {
			t.Fatalf("%q\nbecomes %s\nwhich fails: %v", text, s, err)
		}
		if err == nil && !reflect.DeepEqual(s, again) {
			t.Errorf("%q\nbecomes %s\nand then %s", text, s, again)
		}
	})
}
