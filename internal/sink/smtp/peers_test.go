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

// swaks says PROXY and XCLIENT as it understands them.
func TestSwaksAsAProxy(t *testing.T) {
	swaks := peers.Program(t, "swaks", "swaks")
	v4 := []string{"--proxy-source", "192.0.2.1", "--proxy-source-port", "1234", "--proxy-dest", "198.51.100.2", "--proxy-dest-port", "25"}
	tests := []struct {
		name   string
		args   []string
		change func(*Config)
		peer   string
	}{
		{"version 1", append([]string{"--proxy-version", "1", "--proxy-family", "TCP4"}, v4...), fromProxy, "192.0.2.1:1234"},
		{"version 2", append([]string{"--proxy-version", "2", "--proxy-family", "AF_INET"}, v4...), fromProxy, "192.0.2.1:1234"},
		{"version 2 before STARTTLS", append([]string{"--tls", "--proxy-version", "2", "--proxy-family", "AF_INET"}, v4...), fromProxy, "192.0.2.1:1234"},
		{"XCLIENT", []string{"--xclient-addr", "192.0.2.1", "--xclient-port", "1234", "--xclient-name", "client.example.net"},
			func(c *Config) { c.XClientFrom = loopback }, "192.0.2.1:1234"},
		{"XCLIENT twice, in TLS", []string{"--tls", "--xclient-helo", "a b", "--xclient-delim", "--xclient-addr", "IPV6:2001:db8::1"},
			func(c *Config) { c.XClientFrom = loopback }, "[2001:db8::1]:0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, func(c *Config) { withTLS(c); tt.change(c) })
			args := append([]string{"--server", w.addr.String(), "--helo", "client.example.net", "--from", "a@example.com", "--to", "b@example.net"}, tt.args...)
			if out, err := exec.CommandContext(t.Context(), swaks, args...).CombinedOutput(); err != nil {
				t.Fatalf("swaks: %v\n%s", err, out)
			}
			if s := w.only(t).Session; s.Peer.String() != tt.peer || s.HELO != "client.example.net" {
				t.Errorf("session = %+v", s)
			}
		})
	}
}

// What swaks makes of faults is what its exit codes say.
func TestSwaksMeetsFaults(t *testing.T) {
	swaks := peers.Program(t, "swaks", "swaks")
	tests := []struct {
		name, rule string
		args       []string
		code       int
	}{
		{"a banner that refuses", "{on: connect, reply: 554}", nil, 21},
		{"HELO", "{on: helo, reply: 550}", nil, 22},
		{"the sender", "{on: mail, reply: 451}", nil, 23},
		{"the recipient", "{on: rcpt, reply: 550}", nil, 24},
		{"DATA", "{on: data, reply: 451}", nil, 25},
		{"the message", "{on: body, reply: 554}", nil, 26},
		{"a full disk", "{disk: full}", nil, 26},
		{"AUTH", "{on: auth, reply: 535}", []string{"--auth", "PLAIN", "--auth-user", "abc", "--auth-password", "secret"}, 28},
		{"STARTTLS", "{on: starttls, reply: 454}", []string{"--tls"}, 29},
		{"a handshake that fails", "{tls: handshake}", []string{"--tls"}, 29},
		{"slowness alone", "{on: any, delay: 1s, slow: {bytes: 10}}", nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := withFaults(t, "  - "+tt.rule+"\n", withTLS)
			args := append([]string{"--server", w.addr.String(), "--helo", "client.example.net", "--from", "a@example.com", "--to", "b@example.net"}, tt.args...)
			cmd := exec.CommandContext(t.Context(), swaks, args...)
			out, err := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != tt.code {
				t.Errorf("swaks ends with %d, want %d: %v\n%s", got, tt.code, err, out)
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
