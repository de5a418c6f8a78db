package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/postmuster/postmuster/internal/testkit/dnstest"
)

// TestAProgramWithAForeignCheck builds what a third party would, and audits with
// it over the network.
func TestAProgramWithAForeignCheck(t *testing.T) {
	program := filepath.Join(t.TempDir(), "foreign")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/foreign").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	server := dnstest.Serve(t, "example.com. MX 10 mx.elsewhere.test.\nmx.elsewhere.test. A 192.0.2.1\n")
	audit := exec.CommandContext(t.Context(), program, "audit", "--resolver", server.Addr(), "--no-smtp", "--select", "house-*", "--json", "example.com")
	var out, errOut bytes.Buffer
	audit.Stdout, audit.Stderr = &out, &errOut
	err := audit.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("the gate should not be met: %v\n%s", err, errOut.String())
	}
	var report struct {
		Results []struct {
			Check    string
			Findings []struct{ Where, Message string }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 1 || report.Results[0].Check != "house-mx-ours" ||
		report.Results[0].Findings[0].Message != "mx.elsewhere.test is not ours" {
		t.Errorf("the report is %s", out.String())
	}
}
