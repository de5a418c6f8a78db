package cmd

import (
	"path/filepath"
	"slices"
	"testing"
)

// A mistake in a flag is said at once, on one line, before anything is asked.
func TestFlagsThatCannotBeMeant(t *testing.T) {
	l := testEnv(t)
	mail := l.file("mail.eml", note)
	nowhere := filepath.Join(l.dir, "none", "file")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"a check on domains, for a message", []string{"score", "--select", "spf-present", mail}, `check glob "spf-present" names no check`},
		{"a check on messages, for a domain", []string{"audit", "--select", "bare-lf", "example.com"}, `check glob "bare-lf" names no check`},
		{"a selector with a space", []string{"audit", "--selector", "a b", "example.com"}, `--selector "a b"`},
		{"a list with a space", []string{"audit", "--blocklist", "a b", "example.com"}, `--blocklist: "a b"`},
		{"a list that has ended", []string{"audit", "--blocklist", "dnsbl.sorbs.net", "example.com"}, "--blocklist dnsbl.sorbs.net: not asked any more"},
		{"a command behind the EHLO name", []string{"audit", "--ehlo", "x\r\nRSET", "example.com"}, `--ehlo "x\r\nRSET": a name without spaces was expected`},
		{"a command behind the client's name", []string{"score", "--ip", "192.0.2.1", "--helo", "x\nRSET", mail}, "--helo"},
		{"a client without an address", []string{"score", "--helo", "mail.example.com", mail}, "--helo: --ip with the client's address was expected, too"},
		{"a reverse-path that is none", []string{"score", "--from", "nobody", mail}, `--from "nobody" is not an address`},
		{"a recipient that is none", []string{"score", "--rcpt", "a b@example.net", mail}, `--rcpt "a b@example.net" is not an address`},
		{"a folder for the report", []string{"audit", "--output", l.dir, "example.com"}, "is a directory; a file was expected"},
		{"a folder that is not there", []string{"audit", "--record", nowhere, "example.com"}, "there is no directory " + filepath.Dir(nowhere)},
		{"a folder for the recording", []string{"score", "--record", l.dir, mail}, "is a directory; a file was expected"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l.wantUsage(l.run(slices.Concat(test.args, []string{"--resolver", "127.0.0.1:1"})...), test.want)
		})
	}
}

func TestNothingToAuditIsNoSuccess(t *testing.T) {
	l := testEnv(t)
	l.wantUsage(l.ask("audit", "-"), "standard input: no domain in it")
}
