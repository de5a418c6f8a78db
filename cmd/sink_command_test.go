package cmd

import (
	"fmt"
	"net/smtp"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// actAs makes the test's own program what a sink runs: see TestMain.
const actAs = "POSTMUSTER_TEST_ACT_AS"

// exitWith is the exit code of an application.
const exitWith = "POSTMUSTER_TEST_EXIT_WITH"

// TestMain runs the tests, or acts as the command that a test has a sink run.
func TestMain(m *testing.M) {
	switch os.Getenv(actAs) {
	case "":
		os.Exit(m.Run())
	case "application": // sends a message to each recipient that it is told
		for _, to := range os.Args[1:] {
			content := "From: Ann <ann@example.com>\r\nTo: " + to + "\r\nSubject: lunch\r\n\r\nYour code is 493021.\r\n"
			if err := smtp.SendMail(os.Getenv("SMTP_HOST")+":"+os.Getenv("SMTP_PORT"), nil, "ann@example.com", []string{to}, []byte(content)); err != nil {
				fmt.Println(err)
				os.Exit(8)
			}
		}
		fmt.Println("sent to", os.Getenv("POSTMUSTER_SMTP"), "read at", os.Getenv("POSTMUSTER_URL"))
		code, _ := strconv.Atoi(os.Getenv(exitWith))
		os.Exit(code)
	case "server": // ends when it is told to
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "READY")
		fmt.Println((<-signals).String())
		os.Exit(9)
	}
}

// command returns the command line of a sink that runs the test's own program.
func (l *lab) command(as string, flags []string, args ...string) []string {
	l.t.Helper()
	l.t.Setenv(actAs, as)
	line := append([]string{"sink", "--no-blocklists", "--resolver", l.resolver}, flags...)
	return append(append(line, "--", os.Args[0]), args...)
}

func TestSinkRunsACommand(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	t.Setenv(exitWith, "7")
	got := l.run(l.command("application", nil, "bob@example.net")...)
	l.wantCode(got, 7)
	if !strings.HasPrefix(got.out, "sent to 127.0.0.1:") || !strings.Contains(got.out, "read at http://127.0.0.1:") || strings.Count(got.out, "\n") != 1 {
		t.Errorf("standard output is not the command's alone:\n%s", got)
	}
	if strings.Contains(got.out, ":1025") || strings.Contains(got.out, ":8025") {
		t.Errorf("the ports are not free ones:\n%s", got)
	}
	if !strings.Contains(got.err, "1 message received") {
		t.Errorf("no sum at the end:\n%s", got)
	}
}

func TestSinkPassesSignalsOn(t *testing.T) {
	tests := []struct {
		name string
		send func(*startedSink)
	}{
		{"SIGTERM", func(*startedSink) { syscall.Kill(os.Getpid(), syscall.SIGTERM) }},
		{"the context", func(s *startedSink) { s.stop() }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := testEnv(t)
			l.zone("")
			s := l.startSink(l.command("server", nil)...)
			test.send(s)
			got := s.end()
			l.wantCode(got, 9)
			if got.out != "terminated\n" {
				t.Errorf("the command was not told: %s", got)
			}
		})
	}
}

func TestSinkWithoutACommandToRun(t *testing.T) {
	l := testEnv(t)
	l.zone("")
	l.wantUsage(l.ask("sink", "go", "test"), `unknown argument "go"; a command to run stands behind --`)
	l.wantUsage(l.run("sink", "--resolver", l.resolver, "--"), "no command behind --")
	l.wantUsage(l.run("sink", "--resolver", l.resolver, "--", "postmuster-no-such-program"), "run postmuster-no-such-program: executable file not found")
}

const expectTwo = `
expect:
  - name: a greeting
    to: bob@example.net
    subject: lunch
    exact: 1
  - query: "score:<=100"
    min: 2
  - from: eve@example.org
    none: true
`

func TestExpectationsAreJudgedAtTheEnd(t *testing.T) {
	tests := []struct {
		name   string
		to     []string
		exit   string
		code   int
		unmet  int
		golden string
	}{
		{"met", []string{"bob@example.net", "carol@example.net"}, "0", exitMet, 0, "met"},
		{"one is missing", []string{"carol@example.net"}, "0", exitNotMet, 2, "missing"},
		{"one too many", []string{"bob@example.net", "bob@example.net"}, "0", exitNotMet, 1, "many"},
		{"the command's code comes first", []string{"bob@example.net"}, "7", 7, 1, "code"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := testEnv(t)
			l.zone("")
			t.Setenv(exitWith, test.exit)
			junit := filepath.Join(l.dir, "junit.xml")
			got := l.run(l.command("application", []string{"--expect", l.file("mail.yaml", expectTwo), "--junit", junit}, test.to...)...)
			l.wantCode(got, test.code)
			text, err := os.ReadFile(junit)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), "<failure "); n != test.unmet {
				t.Errorf("the JUnit file has %d failures, want %d:\n%s", n, test.unmet, text)
			}
			l.golden("sink/expect-"+test.golden, outcome{code: got.code, out: took.ReplaceAllString(string(text), `TIME`), err: got.err})
		})
	}
}

// took are what differs between two runs in a JUnit file.
var took = regexp.MustCompile(`\btime(stamp)?="[^"]*"`)

func TestExpectationsThatMakeNoSense(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "mail.yaml: nothing is expected"},
		{"no list", "timeout: 3s\n", "mail.yaml: nothing is expected"},
		{"unknown key", "expect:\n  - too: bob@example.net\n", `mail.yaml:2:5: unknown key "too"; there are`},
		{"unknown key at the top", "expcet:\n  - to: bob@example.net\n", `mail.yaml:1:1: unknown key "expcet"`},
		{"not YAML", "expect: [\n", "mail.yaml:1:9: "},
		{"no number", "expect:\n  - to: bob@example.net\n    exact: many\n", `mail.yaml:3:12: "many" is not a number`},
		{"a bad search", "expect:\n  - to: bob@example.net\n  - query: score:often\n", "mail.yaml:3:12: expect[1].query: "},
		{"two counts", "expect:\n  - to: bob@example.net\n    exact: 1\n    none: true\n", "mail.yaml:2:5: expect[0]: of exact, none, and min with max only one"},
		{"out of range", "expect:\n  - min: 0\n", "mail.yaml:2:10: expect[0].min: "},
		{"no time", "timeout: soon\nexpect:\n  - to: bob@example.net\n", `mail.yaml:1:10: timeout: "soon" is not a time`},
		{"too long", "timeout: 1h\nexpect:\n  - to: bob@example.net\n", "at most 5m"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := testEnv(t)
			l.zone("")
			got := l.run(l.command("application", []string{"--expect", l.file("mail.yaml", test.text)})...)
			l.wantCode(got, exitUsage)
			if !strings.Contains(got.err, test.want) || got.out != "" {
				t.Errorf("want %q, and the command not run:\n%s", test.want, got)
			}
		})
	}
}

func FuzzExpectations(f *testing.F) {
	f.Add([]byte(expectTwo))
	f.Add([]byte("timeout: 3s\nsettle: 1s\nexpect: [{to: a, min: 1, max: 3}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parseExpectations("mail.yaml", text)
		if err == nil && len(e.Expect) == 0 {
			t.Error("nothing is expected, and no error says so")
		}
	})
}
