package smtp

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postmuster/postmuster/internal/testkit/peers"
)

func TestSwaks(t *testing.T) {
	swaks := peers.Program(t, "swaks", "swaks")
	tests := []struct {
		name string
		args []string
		tls  bool
		auth string
	}{
		{"plain", nil, false, ""},
		{"STARTTLS", []string{"--tls"}, true, ""},
		{"AUTH PLAIN", []string{"--auth", "PLAIN", "--auth-user", "abc", "--auth-password", "secret"}, false, "abc"},
		{"AUTH LOGIN in TLS", []string{"--tls", "--auth", "LOGIN", "--auth-user", "abc", "--auth-password", "secret"}, true, "abc"},
		{"pipelined", []string{"--pipeline"}, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, withTLS)
			args := append([]string{
				"--server", w.addr.String(), "--helo", "client.example.net", "--from", "a@example.com", "--to", "b@example.net",
				"--data", `Subject: hi\n\n.dot\n..dots\n`,
			}, tt.args...)
			if out, err := exec.CommandContext(t.Context(), swaks, args...).CombinedOutput(); err != nil {
				t.Fatalf("swaks: %v\n%s", err, out)
			}
			m := w.only(t)
			if !bytes.HasPrefix(m.Raw, []byte("Subject: hi\r\n\r\n.dot\r\n..dots\r\n")) {
				t.Errorf("Raw = %q", m.Raw)
			}
			if s := m.Session; (s.TLS != nil) != tt.tls || s.AuthIdentity != tt.auth || s.UnstuffedDots != 0 || s.SpokeEarly != nil {
				t.Errorf("session = %+v", s)
			}
		})
	}
}

// smtp-source sends a file line by line, dots stuffed, and an empty line after it.
func TestSMTPSource(t *testing.T) {
	source := peers.Program(t, "smtp-source", "postfix")
	text := "Subject: hi\n\n" + strings.Repeat(".a line with a dot\n..two\n.\n\xe9\x00\n", 200)
	file := filepath.Join(t.TempDir(), "message")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(text, "\n", "\r\n") + "\r\n"
	for _, kept := range []string{"", "-d"} {
		w := serve(t, nil)
		args := []string{"-s", "10", "-m", "100", "-F", file, "-f", "a@example.com", "-t", "b@example.net", "-M", "client.example.net"}
		if kept != "" {
			args = append(args, kept)
		}
		if out, err := exec.CommandContext(t.Context(), source, append(args, "inet:"+w.addr.String())...).CombinedOutput(); err != nil {
			t.Fatalf("smtp-source %s: %v\n%s", kept, err, out)
		}
		messages := w.all()
		if len(messages) != 100 {
			t.Fatalf("smtp-source %s: %d messages, want 100", kept, len(messages))
		}
		for _, m := range messages {
			if string(m.Raw) != want {
				t.Fatalf("%d bytes, want %d: %.100q", len(m.Raw), len(want), m.Raw)
			}
		}
	}
}
