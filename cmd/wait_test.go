package cmd

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

const reset = "From: Shop <shop@example.com>\nTo: Bob <bob@example.net>\nSubject: Your code\nDate: Mon, 23 Nov 2026 09:59:00 +0000\nMessage-ID: <2@example.com>\n\nYour code is 493021. Or follow https://shop.example.com/reset?t=1\n"

func TestWaitPrintsTheMessage(t *testing.T) {
	l := testEnv(t)
	ports := filepath.Join(l.dir, "ports.json")
	s := l.sink("--port-file", ports)
	s.send("bob@example.net", note)
	s.send("bob@example.net", reset)
	tests := []struct {
		args []string
		want string // in the output
	}{
		{[]string{"--to", "bob@example.net"}, "subject   Your code\n"},
		{[]string{"--to", "bob@example.net"}, "\nYour code is 493021."},
		{[]string{"--subject", "lunch"}, "from      ann@example.com\n"},
		{[]string{"--to", "bob@example.net", "--count", "2"}, "subject   lunch\n"},
		{[]string{"--to", "bob@example.net", "--format", "codes"}, "493021\n"},
		{[]string{"--to", "bob@example.net", "--format", "links"}, "https://shop.example.com/reset?t=1\n"},
		{[]string{"--subject", "lunch", "--format", "raw"}, strings.ReplaceAll(note, "\n", "\r\n")},
	}
	for _, test := range tests {
		got := l.run(append([]string{"wait", "--port-file", ports}, test.args...)...)
		l.wantCode(got, exitMet)
		if !strings.Contains(got.out, test.want) {
			t.Errorf("wait %v: want %q in\n%s", test.args, test.want, got)
		}
	}
	got := l.run("wait", "--http", s.url, "--subject", "lunch", "--json")
	var one struct{ From, Subject string }
	if err := json.Unmarshal([]byte(got.out), &one); err != nil || one.Subject != "lunch" || one.From != "ann@example.com" {
		t.Errorf("want the message as an object: %v\n%s", err, got)
	}
	got = l.run("wait", "--http", s.url, "--exact", "2", "--json")
	var two []struct{ Subject string }
	if err := json.Unmarshal([]byte(got.out), &two); err != nil || len(two) != 2 || two[0].Subject != "lunch" {
		t.Errorf("want a list of both, oldest first: %v\n%s", err, got)
	}
}

func TestWaitSeesWhatComesLater(t *testing.T) {
	l := testEnv(t)
	s := l.sink()
	done := make(chan outcome, 1)
	go func() { done <- l.run("wait", "--http", s.url, "--to", "bob@example.net", "--timeout", "1m") }()
	s.send("carol@example.net", note)
	s.send("bob@example.net", reset)
	got := <-done
	l.wantCode(got, exitMet)
	if !strings.Contains(got.out, "subject   Your code\n") {
		t.Errorf("not the message:\n%s", got)
	}
}

func TestWaitSaysWhatDidArrive(t *testing.T) {
	l := testEnv(t)
	s := l.sink()
	s.send("carol@example.net", note)
	got := l.run("wait", "--http", s.url, "--to", "bob@example.net", "--subject", "dinner", "--timeout", "0s")
	l.wantCode(got, exitNotMet)
	want := `postmuster wait: a message to "bob@example.net", subject "dinner", within 0s: at least 1 expected, 0 matched; 1 other message arrived:
  ann@example.com to carol@example.net: "lunch"
      to:"bob@example.net": it has "carol@example.net, sam@example.net"
      subject:"dinner": it has "lunch"
`
	if got.err != want || got.out != "" {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got = l.run("wait", "--http", s.url, "--to", "carol@example.net", "--none", "--timeout", "0s")
	l.wantCode(got, exitNotMet)
	if !strings.Contains(got.err, "none expected, 1 matched\n  matched: ann@example.com to carol@example.net") {
		t.Errorf("it should say which message came:\n%s", got)
	}
}

func TestWaitWithoutASink(t *testing.T) {
	l := testEnv(t)
	listener, err := net.Listen("tcp", freeAddr)
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	listener.Close()
	got := l.run("wait", "--http", nobody, "--to", "bob@example.net")
	l.wantCode(got, exitUndecided)
	for _, want := range []string{"no sink answers at http://" + nobody, "connection refused", "start one with postmuster sink", "--port-file"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	l.wantUsage(l.run("wait", "--port-file", filepath.Join(l.dir, "none.json")), "no such file or directory; postmuster sink --port-file writes it")
	l.wantUsage(l.run("wait", "--port-file", l.file("bad.json", "{")), "bad.json: unexpected end of JSON input")
}

func TestWaitRefusesWhatMakesNoSense(t *testing.T) {
	l := testEnv(t)
	s := l.sink()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"--timeout", "6m"}, "--timeout 6m0s: between 0s and 5m0s"},
		{[]string{"--timeout", "-1s"}, "--timeout -1s"},
		{[]string{"--settle", "20s"}, "--settle 20s: not longer than the timeout"},
		{[]string{"--count", "0"}, "--count 0: at least 1"},
		{[]string{"--exact", "-1"}, "--exact -1: at least 0"},
		{[]string{"--exact", "1", "--none"}, "none of the others can be"},
		{[]string{"--query", "score:often"}, `"often" is not a score`},
		{[]string{"--format", "yaml"}, "there are text, json, raw, links, codes"},
	}
	for _, test := range tests {
		l.wantUsage(l.run(append([]string{"wait", "--http", s.url}, test.args...)...), test.want)
	}
}

func TestWaitAtASinkWithAToken(t *testing.T) {
	l := testEnv(t)
	s := l.sink("--token", "s3cret")
	s.send("bob@example.net", note)
	l.wantUsage(l.run("wait", "--http", s.url), "asks for its token: --token or POSTMUSTER_TOKEN")
	l.wantCode(l.run("wait", "--http", s.url, "--token", "s3cret"), exitMet)
	l.Getenv = func(name string) string {
		return map[string]string{"POSTMUSTER_TOKEN": "s3cret", "POSTMUSTER_URL": s.url}[name]
	}
	l.wantCode(l.run("wait"), exitMet)
}

func TestWaitUntilTheSinkIsReady(t *testing.T) {
	l := testEnv(t)
	ports := filepath.Join(l.dir, "later.json")
	done := make(chan outcome, 1)
	go func() { done <- l.run("wait", "--ready", "--port-file", ports, "--timeout", "1m") }()
	s := l.sink("--token", "s3cret", "--http-prefix", "/mail", "--port-file", ports)
	l.wantCode(<-done, exitMet)
	l.wantCode(l.run("wait", "--ready", "--timeout", "0s", "--http", s.url+"/mail"), exitMet)
	s.stop()
	got := l.run("wait", "--ready", "--timeout", "0s", "--http", s.url)
	l.wantCode(got, exitUndecided)
	if !strings.Contains(got.err, "no sink is ready, within 0s") {
		t.Errorf("it does not say why:\n%s", got)
	}
	l.wantUsage(l.run("wait", "--ready", "--to", "bob@example.net"), "ready to")
}
