package arc

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// suiteFile is ValiMail's suite of chains, below $POSTMUSTER_SUITES.
const suiteFile = "arc/tests/arc-draft-validation-tests.yml"

// differs holds the cases in which we answer otherwise, and why.
var differs = map[string]struct {
	want Result
	why  string
}{
	"ams_fields_c_na": {ResultFail, "the signature is relaxed/relaxed without saying so; without c= it is simple/simple (RFC 6376 §3.5, RFC 8617 §4.1.2)"},
}

type scenario struct {
	Description string
	Tests       map[string]struct {
		Description string
		Message     string
		CV          string
	}
	TXT map[string]string `yaml:"txt-records"`
}

func loadSuite(t *testing.T) []scenario {
	t.Helper()
	dir := os.Getenv("POSTMUSTER_SUITES")
	if dir == "" {
		t.Skip("POSTMUSTER_SUITES does not name the folder of conformance suites")
	}
	text, err := os.ReadFile(filepath.Join(dir, suiteFile))
	if err != nil {
		t.Fatal(err)
	}
	var scenarios []scenario
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.AllowDuplicateMapKey()) // a few names are there twice; the last counts
	for {
		var s scenario
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			return scenarios
		} else if err != nil {
			t.Fatal(err)
		}
		scenarios = append(scenarios, s)
	}
}

func TestValidationSuite(t *testing.T) {
	cases := 0
	for _, s := range loadSuite(t) {
		z := zone{}
		for name, text := range s.TXT {
			z[name] = []string{text}
		}
		for name, test := range s.Tests {
			cases++
			t.Run(name, func(t *testing.T) {
				message := strings.ReplaceAll(test.Message, "\n", "\r\n")
				got := Verify(t.Context(), z, []byte(message), time.Unix(1500000000, 0))
				want := Result(strings.ToLower(strings.TrimSpace(test.CV)))
				if want == "" {
					want = ResultFail // the suite leaves open what follows a seal that says cv=fail
				}
				if d, ok := differs[name]; ok {
					want = d.want
				}
				if got.Result != want {
					t.Errorf("%s (%s), want %s: %s", got.Result, got.Error, want, test.Description)
				}
			})
		}
	}
	if cases < 171 {
		t.Errorf("the suite has only %d cases", cases)
	}
}
