package cmd

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSinkListensInEveryWay(t *testing.T) {
	l := testEnv(t)
	socket := filepath.Join(t.TempDir(), "lmtp.sock")
	certificate, ports := filepath.Join(l.dir, "cert.pem"), filepath.Join(l.dir, "ports.json")
	s := l.sink("--starttls", "--smtps", freeAddr, "--lmtp", "unix:"+socket, "--write-cert", certificate, "--port-file", ports)
	text, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	trusting := &tls.Config{RootCAs: roots, ServerName: "localhost"}

	c, err := smtp.Dial(s.smtp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(trusting); err != nil {
		t.Errorf("STARTTLS with the certificate that was written: %v", err)
	}
	implicit, err := tls.Dial("tcp", s.ready["smtps"], trusting)
	if err != nil {
		t.Fatalf("TLS from the first byte: %v", err)
	}
	defer implicit.Close()
	local, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	lmtp := textproto.NewConn(local)
	if _, _, err := lmtp.ReadResponse(220); err != nil {
		t.Error(err)
	}
	if lmtp.PrintfLine("LHLO client.example.com"); err != nil {
		t.Error(err)
	}
	if _, _, err := lmtp.ReadResponse(250); err != nil {
		t.Errorf("LHLO over the socket: %v", err)
	}

	text, err = os.ReadFile(ports)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"smtp": s.smtp, "smtps": s.ready["smtps"], "lmtp": "unix:" + socket, "http": s.ready["http"], "url": s.url}
	got := map[string]string{}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("the port file says that %s is %q, want %q", key, got[key], value)
		}
	}
	l.wantCode(s.stop(), exitMet)
	for _, path := range []string{ports, socket} {
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there when the sink has ended: %v", filepath.Base(path), err)
		}
	}
}

func TestSinkKeepsItsMail(t *testing.T) {
	l := testEnv(t)
	data := filepath.Join(l.dir, "mail")
	first := l.sink("--data", data, "--durability", "disk", "--max-messages", "2")
	for _, to := range []string{"one@example.net", "two@example.net", "three@example.net"} {
		first.send(to, note)
	}
	first.wait(`{"exact":2,"query":"score:>=0"}`)
	busy := l.ask("sink", "--smtp", freeAddr, "--http", freeAddr, "--data", data)
	l.wantUsage(busy, "in use by another process; end that process, or choose another directory")
	l.wantCode(first.stop(), exitMet)

	again := l.sink("--data", data)
	again.wait(`{"exact":2}`)
	again.send("four@example.net", note)
	again.wait(`{"to":"four@example.net","query":"score:>=0"}`)
	got := again.stop()
	if !strings.Contains(got.err, "1 message received, 1 scored") {
		t.Errorf("the sum should be that of this run:\n%s", got)
	}
	if err := os.WriteFile(filepath.Join(data, "format"), []byte("postmuster store 99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.wantUsage(l.ask("sink", "--smtp", freeAddr, "--http", freeAddr, "--data", data), "written by a newer version")
}

func TestSinkWithAToken(t *testing.T) {
	l := testEnv(t)
	s := l.sink("--token", "s3cret", "--http-tls", "--starttls")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	url := "https://" + s.ready["http"] + "/"
	for want, token := range map[int]string{http.StatusUnauthorized: "wrong", http.StatusOK: "s3cret"} {
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("with the token %s the page answers %s, want %d", token, res.Status, want)
		}
	}
}

func TestSinkFailsOnPurpose(t *testing.T) {
	l := testEnv(t)
	script := "rules:\n  - on: rcpt\n    to: flaky@*\n    first: 1\n    reply: 450 4.2.1 mailbox busy\n"
	s := l.sink("--faults", l.file("faults.yaml", script))
	if err := smtp.SendMail(s.smtp, nil, "ann@example.com", []string{"flaky@example.net"}, []byte(note)); err == nil || !strings.Contains(err.Error(), "4.2.1 mailbox busy") {
		t.Errorf("the first attempt should be refused as the script has it: %v", err)
	}
	s.send("flaky@example.net", note)
	s.wait(`{"to":"flaky@example.net"}`)
	if got := s.get("/api/postmuster/v1/faults"); got != script {
		t.Errorf("the API says that the faults are\n%s", got)
	}
	if got := s.stop(); !strings.Contains(got.err, "1 message received") || !strings.Contains(got.err, "1 session refused or broken off") {
		t.Errorf("the sum is not right:\n%s", got)
	}
	l.wantUsage(l.ask("sink", "--faults", l.file("typo.yaml", "rules:\n  - repply: 450\n")), `typo.yaml:2:5: rules[0].repply: unknown key, did you mean reply?`)
}

func TestSinkTags(t *testing.T) {
	l := testEnv(t)
	s := l.sink("--tag", "bob, or not=to:bob@example.net", "--tag", "big=larger:1M")
	s.send("bob@example.net", "X-Tags: spring\r\n"+note)
	s.wait(`{"query":"tag:spring tag:\"bob, or not\" -tag:big"}`)
}

func TestSinkBelievesItsProxies(t *testing.T) {
	l := testEnv(t)
	s := l.sink("--proxy-from", "127.0.0.0/8")
	conn, err := net.Dial("tcp", s.smtp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n"); err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Mail("ann@example.com"), c.Rcpt("bob@example.net")); err != nil {
		t.Fatal(err)
	}
	data, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(data, note); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(data.Close(), c.Quit()); err != nil {
		t.Fatal(err)
	}
	s.wait(`{"to":"bob@example.net"}`)
	if got := s.get("/api/postmuster/v1/messages/latest"); !strings.Contains(got, `"peer":"192.0.2.7:40000"`) {
		t.Errorf("the message does not come from where the proxy says:\n%s", got)
	}
}

func TestSinkAsksSpamFilters(t *testing.T) {
	l := testEnv(t)
	filter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"score":7.5,"required_score":15,"action":"add header","symbols":{"FORGED":{"score":6.7}}}`)
	}))
	defer filter.Close()
	l.lead("192.0.2.30:11333", filter.Listener.Addr())
	s := l.sink("--rspamd", "192.0.2.30", "--spamd", "192.0.2.31", "--json")
	s.send("bob@example.net", note)
	s.wait(`{"query":"score:>=0"}`)
	got := s.stop()
	r := reports(t, got.out)
	if len(r) != 1 || len(r[0].Opinions) != 2 || !strings.Contains(r[0].Opinions[0].Error, "connection refused") || r[0].Opinions[1].Score != 7.5 || !r[0].Opinions[1].Spam {
		t.Errorf("want that SpamAssassin did not answer, and what Rspamd said:\n%s", got.out)
	}
}

func TestSinkAsksForLinksWhenAllowed(t *testing.T) {
	l := testEnv(t)
	l.zone("router.example.com. A 10.0.0.1\n_fail.shop.example.com. TXT SERVFAIL\n")
	links := "http://router.example.com/ http://10.0.0.1/ http://gone.example.com/ http://shop.example.com/"
	for flag, want := range map[string][]string{
		"": {"--check-links"},
		"--check-links": {
			"10.0.0.1: not an address of the public internet", "its host gone.example.com does not exist",
			"the address of shop.example.com could not be found out", `"count":{"works":0,"broken":1,"unknown":1,"not_asked":2}`,
		},
	} {
		s := l.sink(strings.Fields(flag)...)
		s.send("bob@example.net", strings.Replace(note, "At noon?", links, 1))
		s.wait(`{"to":"bob@example.net"}`)
		res, err := http.Post(s.url+"/api/postmuster/v1/messages/latest/link-check", "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("with %q the answer is %s; want %q in it", flag, text, w)
			}
		}
		s.stop()
	}
}

func TestSinkEndsWhileClientsAreConnected(t *testing.T) {
	l := testEnv(t)
	s := l.sink()
	idle, err := net.Dial("tcp", s.smtp) // a client in the middle of its session
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if _, err := idle.Write([]byte("EHLO client.example.com\r\n")); err != nil {
		t.Fatal(err)
	}
	stream, err := http.Get(s.url + "/api/postmuster/v1/events") // a page that listens
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	l.wantCode(s.stop(), exitMet) // rather than wait for one of them
}

func TestSinkNamesWhoHasThePort(t *testing.T) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		t.Skip("the system has no /proc/net/tcp")
	}
	l := testEnv(t)
	l.zone("")
	taken, err := net.Listen("tcp", freeAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	got := l.ask("sink", "--http", freeAddr, "--smtp", taken.Addr().String())
	l.wantUsage(got, fmt.Sprintf("process %d; end it, or choose another address", os.Getpid()))
}

func TestSinkRefusesWhatItMust(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	taken, err := net.Listen("tcp", freeAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	file := l.file("file", "")
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"--smtp", taken.Addr().String()}, "--smtp 127.0.0.1:" + port + ": port " + port + " is in use by "},
		{[]string{"--http", taken.Addr().String()}, "--http 127.0.0.1:" + port + ": port " + port + " is in use by "},
		{[]string{"--smtp", "0.0.0.0:0"}, "--smtp 0.0.0.0:0: not a loopback address: everybody who reaches it could send and read mail; set --token, or say --insecure"},
		{[]string{"--http", "[::]:0"}, "--http [::]:0: not a loopback address"},
		{[]string{"--smtp", "localhost"}, "missing port in address; an address is written host:port, such as 127.0.0.1:1025"},
		{[]string{"--smpt", "localhost"}, "unknown flag: --smpt; postmuster sink --help shows those that there are"},
		{[]string{"--host", "https://mail.example.com"}, `--host "https://mail.example.com": a name alone is expected`},
		{[]string{"--host", "mail.example.com:8443"}, `--host "mail.example.com:8443": a name alone is expected`},
		{[]string{"--data", "/dev/null/x"}, "--data: open the store in /dev/null/x: "},
		{[]string{"--smtp", "off", "--http", "off"}, "everything is off"},
		{[]string{"--data", file}, "--data: open the store in " + file + ": "},
		{[]string{"--durability", "sure"}, `--durability "sure": there are durable, disk, memory`},
		{[]string{"--durability", "disk"}, "--durability disk needs a directory: name one with --data"},
		{[]string{"--data", l.dir, "--durability", "memory"}, "--durability memory keeps nothing"},
		{[]string{"--max-size", "big"}, `"big" is not a size like 500KB, 50MB or 2GB`},
		{[]string{"--max-bytes", "-1"}, `"-1" is not a size`},
		{[]string{"--max-messages", "-1"}, "--max-messages -1"},
		{[]string{"--max-age", "-1h"}, `"-1h" is not a time`},
		{[]string{"--auth", "none"}, `--auth "none": there are any, off`},
		{[]string{"--cert", file}, "--cert " + file},
		{[]string{"--key", file}, "--key is the key of a certificate"},
		{[]string{"--write-cert", file}, "--write-cert: the sink has no certificate"},
		{[]string{"--junit", file}, "--junit writes what came of --expect"},
		{[]string{"--expect", filepath.Join(l.dir, "none.yaml")}, "none.yaml: no such file"},
		{[]string{"--expect", file, "--http", "off"}, "--expect needs the API"},
		{[]string{"--relay-to", "mx.example.com"}, "--relay-to: a server is written host:port"},
		{[]string{"--relay-to", "smtp://ann:s3cret@mx.example.com"}, "--relay-to: a server is written host:port"},
		{[]string{"--tag", "news"}, `--tag "news": a rule is written NAME=SEARCH`},
		{[]string{"--tag", "a=b,c", "--tag", "news=form:shop"}, `--tag "news=form:shop": search, character 6: there is no form: in a search`},
		{[]string{"--tag", "bad=score:<80"}, `--tag "bad=score:<80": search, character 5: score:<80 is not known when a message is received`},
		{[]string{"--tag", "a=" + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ""), " ")}, "more than 50 terms"},
		{slices.Repeat([]string{"--tag", "a=b"}, 51), "--tag: a store takes 50 rules"},
		{[]string{"--spamd", "http://192.0.2.1/"}, `--spamd: "http://192.0.2.1/" is not an address like 127.0.0.1:783`},
		{[]string{"--rspamd", "unix:/run/rspamd.sock"}, "--rspamd: "},
		{[]string{"--proxy-from", "localhost"}, `--proxy-from "localhost" is not an address like 192.0.2.1 or a network`},
		{[]string{"--webhook", "ftp://example.com/"}, `webhook "ftp://example.com/" is not an http or https address`},
		{[]string{"--port-file", filepath.Join(l.dir, "none", "ports.json")}, "--port-file: "},
	}
	for _, test := range tests {
		got := l.ask(append([]string{"sink", "--smtp", freeAddr, "--http", freeAddr}, test.args...)...)
		l.wantUsage(got, test.want)
		if strings.Contains(got.err, "s3cret") {
			t.Errorf("a password is shown:\n%s", got)
		}
	}
}

func TestReadTokenIsBesideAToken(t *testing.T) {
	l := testEnv(t)
	for _, flags := range [][]string{{"--read-token", "look"}, {"--read-token", "same", "--token", "same"}} {
		l.wantUsage(l.ask(append([]string{"sink", "--smtp", freeAddr, "--http", freeAddr}, flags...)...), "--read-token needs a --token beside it, and must differ from it")
	}
}

func TestSinkBelowAPrefix(t *testing.T) {
	l := testEnv(t)
	l.wantUsage(l.ask("sink", "--smtp", freeAddr, "--http", freeAddr, "--http-prefix", "mail"), `--http-prefix: "mail" is not a path such as /mail`)
}
