package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/smtp"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/internal/sink/fault"
	sinksmtp "github.com/postmuster/postmuster/internal/sink/smtp"
)

// faulty is a sink with an SMTP server that makes faults.
func faulty(t *testing.T) (s *sink, addr string) {
	faults := fault.NewInjector(time.Now)
	s = newSink(t, func(c *Config) { c.Faults = faults })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := sinksmtp.New(sinksmtp.Config{Handler: s.store, Domain: "sink.example.com", Now: time.Now, Faults: faults, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

func mailTo(addr, rcpt string) error {
	return smtp.SendMail(addr, nil, "ann@example.com", []string{rcpt}, []byte(crlf(simple("x"))))
}

func TestFaultsAreReplacedAtRunTime(t *testing.T) {
	s, addr := faulty(t)
	if err := mailTo(addr, "bob@example.net"); err != nil {
		t.Fatal(err)
	}
	script := "rules:\n  - name: no such user\n    on: rcpt\n    to: bob@*\n    reply: 550 5.1.1 gone\n"
	s.want(204, "PUT", prefix+"/faults", script, nil, "Content-Type: application/yaml")
	if err := mailTo(addr, "bob@example.net"); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a message to bob: %v, want 550 gone", err)
	}
	if err := mailTo(addr, "carol@example.net"); err != nil {
		t.Errorf("a message to carol: %v", err)
	}
	if _, body := s.do("GET", prefix+"/faults", nil); string(body) != script {
		t.Errorf("the script is %q", body)
	}
	var counts struct{ Counts []RuleCount }
	s.want(200, "GET", prefix+"/faults/counts", nil, &counts)
	if want := []RuleCount{{"no such user", 1, 1}}; !reflect.DeepEqual(counts.Counts, want) {
		t.Errorf("counts %+v, want %+v", counts.Counts, want)
	}
	s.want(204, "DELETE", prefix+"/faults", nil, nil)
	if err := mailTo(addr, "bob@example.net"); err != nil {
		t.Errorf("a message after the end of all faults: %v", err)
	}
}

func TestAMistakeInAScriptIsSaidAndChangesNothing(t *testing.T) {
	s, _ := faulty(t)
	script := `{"rules":[{"on":["rcpt"],"reply":"450"}]}`
	s.want(204, "PUT", prefix+"/faults", script, nil, "Content-Type: application/json")
	res, body := s.do("PUT", prefix+"/faults", "rules:\n  - on: rcpt\n    repply: 550\n  - on: rpct\n    reply: 450\n", "Content-Type: application/yaml")
	p := wantProblem(t, res, body, 422)
	if len(p.Errors) != 2 || p.Errors[0].Location != "body.rules[0].repply" || !strings.Contains(p.Errors[0].Message, "did you mean reply") {
		t.Errorf("errors %+v", p.Errors)
	}
	if _, got := s.do("GET", prefix+"/faults", nil); string(got) != script {
		t.Errorf("the script is now %q", got)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		res, body := newSink(t, nil).do(method, prefix+"/faults", "rules: []", "Content-Type: application/yaml")
		wantProblem(t, res, body, http.StatusNotImplemented)
	}
}

// Whatever triggers Mailpit's API takes become a script that does the same.
func TestChaosOfMailpit(t *testing.T) {
	s, addr := faulty(t)
	s.want(200, "PUT", "/api/v1/chaos", `{"Recipient":{"ErrorCode":451,"Probability":100}}`, nil)
	if err := mailTo(addr, "bob@example.net"); err == nil || !strings.HasPrefix(err.Error(), "451 ") {
		t.Errorf("with a trigger for recipients: %v", err)
	}
	s.want(200, "PUT", "/api/v1/chaos", `{"Sender":{"ErrorCode":599,"Probability":100}}`, nil)
	if err := mailTo(addr, "bob@example.net"); err == nil || !strings.HasPrefix(err.Error(), "599 ") {
		t.Errorf("with a trigger for senders: %v", err)
	}
	s.want(200, "PUT", "/api/v1/chaos", `{}`, nil)
	if err := mailTo(addr, "bob@example.net"); err != nil {
		t.Errorf("without triggers: %v", err)
	}
	for code := 400; code < 600; code += 7 {
		trigger := mailpitTrigger{code, 1 + code%100}
		want := mailpitTriggers{trigger, trigger, trigger}
		if _, err := fault.Parse("chaos", []byte(want.script())); err != nil {
			t.Errorf("%+v: %v", trigger, err)
		}
		if got := readTriggers(want.script()); got != want {
			t.Errorf("%+v is read back as %+v", want, got)
		}
	}
}
