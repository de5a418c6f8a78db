// Package peers finds and runs real mail and DNS software from Debian's
// packages, for tests that compare with it or send to it.
//
// Where a program is missing, its test skips and names the package; with
// POSTMUSTER_REQUIRE_PEERS=1, as in CI, it fails. Everything listens on loopback
// and ends with the test.
package peers

import (
	"os"
	"os/exec"
	"testing"
)

// Require is the environment variable that makes a missing program a failure.
const Require = "POSTMUSTER_REQUIRE_PEERS"

// Program returns the path of a program, or skips the test with the name of the
// Debian package that has it.
func Program(t testing.TB, program, debianPackage string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program, "/usr/local/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, program, debianPackage)
	return ""
}

// Missing skips the test, or fails it where peers are required, because
// something of a Debian package is not there.
func Missing(t testing.TB, what, debianPackage string) {
	t.Helper()
	if os.Getenv(Require) == "1" {
		t.Fatalf("%s is missing; apt-get install %s", what, debianPackage)
	}
	t.Skipf("%s is missing; apt-get install %s", what, debianPackage)
}
