package api

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/fault"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// npmClients installs the published clients, as their lock file has them, and
// returns the directory.
func npmClients(t *testing.T) string {
	t.Helper()
	npm := peers.Program(t, "npm", "npm")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "npm"))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv(peers.Require) == "1" {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
		t.Skipf("npm ci: %v", err) // there may be no network
	}
	return dir
}

func runScript(t *testing.T, dir, script, url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), peers.Program(t, "node", "nodejs"), script, url)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
}

// Unmodified programs of others find what they look for.
func TestPublishedPrograms(t *testing.T) {
	dir := npmClients(t)
	t.Run("client of Mailpit", func(t *testing.T) {
		s := newSink(t, func(c *Config) {
			c.Faults, c.Links, c.Filters = fault.NewInjector(time.Now), webOf(t), []string{spamAssassin}
		})
		s.scoreAll(func(r *store.Record) report.Opinion {
			if r.Subject == "welcome" {
				return spam
			}
			return report.Opinion{Filter: spamAssassin, Error: "connection refused"}
		})
		runScript(t, dir, "mailpit.mjs", s.url)
	})
	t.Run("client of MailHog", func(t *testing.T) {
		s := newSink(t, nil)
		s.addForMailHog()
		runScript(t, dir, "mailhog.cjs", s.url)
	})
	t.Run("validator of OpenAPI", func(t *testing.T) {
		s := newSink(t, nil)
		_, text := s.do("GET", "/openapi.json", nil)
		if err := os.WriteFile(filepath.Join(dir, "openapi.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		runScript(t, dir, "openapi.mjs", "openapi.json")
	})
}

// addForMailHog adds the messages that mailhog.cjs expects.
func (s *sink) addForMailHog() {
	s.t.Helper()
	s.add("From: ann@example.com\nTo: bob@example.net\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nContent-Type: text/plain; charset=utf-8\n" +
		"Content-Transfer-Encoding: quoted-printable\n\nSch=C3=B6ne Gr=C3=BC=C3=9Fe\n")
	s.add(strings.Replace(simple("plain"), "\n\n", "\nContent-Type: text/plain\n\n", 1))
	r := s.add("From: ann@example.com\nTo: carol@example.net\nSubject: html\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n"+
		"--m\nContent-Type: text/html\n\n<p>Hello</p>\n--m\nContent-Type: text/plain; name=a.txt\nContent-Disposition: attachment; filename=a.txt\n"+
		"Content-Transfer-Encoding: base64\n\nYXR0YWNoZWQ=\n--m--\n", to("carol@example.net"))
	if err := s.store.WaitSeq(s.t.Context(), r.Seq); err != nil {
		s.t.Fatal(err)
	}
}

// The lock file names versions and checksums, and no host to get them from.
func TestLockFileNamesNoHost(t *testing.T) {
	lock, err := fs.ReadFile(os.DirFS("testdata/npm"), "package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.Index(lock, []byte("://")); i >= 0 {
		t.Errorf("package-lock.json names a host: %s", lock[max(0, i-10):min(len(lock), i+60)])
	}
}
