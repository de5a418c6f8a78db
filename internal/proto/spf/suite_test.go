package spf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/postmuster/postmuster/internal/dns"
)

// suiteDefault is what the openspf suite calls the checker's own explanation.
const suiteDefault = "DEFAULT"

// A suiteScenario is one YAML document of the openspf suite.
type suiteScenario struct {
	Description string               `yaml:"description"`
	Tests       map[string]suiteTest `yaml:"tests"`
	Zone        map[string][]any     `yaml:"zonedata"`
}

type suiteTest struct {
	Helo        string `yaml:"helo"`
	Host        string `yaml:"host"`
	MailFrom    string `yaml:"mailfrom"`
	Result      any    `yaml:"result"` // one, or a list of acceptable ones
	Explanation string `yaml:"explanation"`
}

// results returns the acceptable results.
func (t suiteTest) results() []Result {
	list, ok := t.Result.([]any)
	if !ok {
		list = []any{t.Result}
	}
	var results []Result
	for _, r := range list {
		results = append(results, Result(fmt.Sprint(r)))
	}
	return results
}

// loadSuite reads the openspf suite, or skips the test where it is absent.
func loadSuite(t *testing.T) []suiteScenario {
	t.Helper()
	folder := os.Getenv("POSTMUSTER_SUITES")
	if folder == "" {
		t.Skip("POSTMUSTER_SUITES is not set: the folder that holds spf/rfc7208-tests.yml")
	}
	text, err := os.ReadFile(filepath.Join(folder, "spf", "rfc7208-tests.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var scenarios []suiteScenario
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var s suiteScenario
		err := decoder.Decode(&s)
		if errors.Is(err, io.EOF) {
			return scenarios
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Tests) > 0 {
			scenarios = append(scenarios, s)
		}
	}
}

// suiteZone returns a scenario's records, and the names whose other questions
// time out. It reads the data as the suite's own driver does: an SPF entry
// counts as TXT unless the name has TXT entries or "TXT: NONE", and a bare
// TIMEOUT holds for the types that have no entry.
func suiteZone(t *testing.T, data map[string][]any) (records []dns.Record, timeouts []string) {
	t.Helper()
	for name, entries := range data {
		hasTXT := slices.ContainsFunc(entries, func(e any) bool {
			m, _ := e.(map[string]any)
			return m["TXT"] != nil
		})
		for _, e := range entries {
			m, ok := e.(map[string]any)
			if !ok {
				timeouts = append(timeouts, name)
			}
			for rtype, value := range m {
				switch {
				case rtype == "TXT" && value == "NONE", rtype == "SPF" && hasTXT:
					continue
				case rtype == "SPF":
					rtype = "TXT"
				}
				records = append(records, dns.Record{Name: name, TTL: 300, Data: suiteData(t, rtype, value)})
			}
		}
	}
	return records, timeouts
}

// octets undoes what YAML makes of "\xEF": the suite means the octet, YAML the
// character.
func octets(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func suiteData(t *testing.T, rtype string, value any) dns.Data {
	t.Helper()
	text := fmt.Sprint(value)
	host := strings.TrimSuffix(text, ".")
	switch rtype {
	case "TXT":
		list, ok := value.([]any)
		if !ok {
			return dns.TXT{Strings: []string{octets(text)}}
		}
		txt := dns.TXT{}
		for _, s := range list {
			txt.Strings = append(txt.Strings, octets(fmt.Sprint(s)))
		}
		return txt
	case "A":
		return dns.A{Addr: netip.MustParseAddr(text)}
	case "AAAA":
		return dns.AAAA{Addr: netip.MustParseAddr(text)}
	case "MX":
		list := value.([]any)
		mx := dns.MX{Host: strings.TrimSuffix(fmt.Sprint(list[1]), ".")}
		fmt.Sscan(fmt.Sprint(list[0]), &mx.Preference)
		if mx.Host == "" {
			mx.Host = "."
		}
		return mx
	case "PTR":
		return dns.PTR{Host: host}
	case "CNAME":
		return dns.CNAME{Target: host}
	}
	t.Fatalf("the suite holds a %s record", rtype)
	return nil
}

func TestOpenSPFSuite(t *testing.T) {
	tests, explanations := 0, 0
	for _, scenario := range loadSuite(t) {
		zone := newFakeResolver()
		records, timeouts := suiteZone(t, scenario.Zone)
		for _, r := range records {
			zone.add(r.Name, r.Data)
		}
		for _, name := range timeouts {
			zone.fail(name, "timeout")
		}
		for name, test := range scenario.Tests {
			tests++
			if test.Explanation != "" {
				explanations++
			}
			t.Run(scenario.Description+"/"+name, func(t *testing.T) { runSuiteTest(t, zone, test, false, true) })
		}
	}
	if tests != 203 || explanations != 22 {
		t.Errorf("the suite holds %d tests and %d explanations, want 203 and 22", tests, explanations)
	}
}

func runSuiteTest(t *testing.T, r dns.Resolver, test suiteTest, traces ...bool) {
	for _, trace := range traces {
		c := &Checker{Resolver: r, DefaultExplanation: suiteDefault, Trace: trace}
		got := c.Check(context.Background(), Request{
			IP: netip.MustParseAddr(test.Host), Helo: test.Helo, MailFrom: test.MailFrom,
		})
		acceptable := false
		for _, want := range test.results() {
			acceptable = acceptable || got.Result == want
		}
		if !acceptable {
			t.Errorf("result = %s (%s), want %v", got.Result, got.Reason, test.results())
		}
		if test.Explanation != "" && !strings.EqualFold(got.Explanation, test.Explanation) {
			t.Errorf("explanation = %q, want %q", got.Explanation, test.Explanation)
		}
	}
}
