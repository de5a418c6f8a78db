package mailnet_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/probe/dns"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/testkit/mailnet"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// scored returns the reports of the messages, each received as its session says.
func scored(t *testing.T) []*report.Report {
	t.Helper()
	world, err := mailnet.Start(now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.Close)
	client, err := dns.New(dns.Config{Servers: []string{world.DNS.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	mails, err := world.Messages(now)
	if err != nil {
		t.Fatal(err)
	}
	a := &audit.Auditor{Suite: all.Checks(), Net: fact.Net{DNS: client, Now: func() time.Time { return now }}}
	var reports []*report.Report
	for _, mail := range mails {
		m := &message.Message{
			Raw: mail.Data, Origin: message.OriginSMTP,
			Envelope: &message.Envelope{MailFrom: mail.MailFrom, Rcpt: []message.Rcpt{{To: mail.Rcpt}}},
			Session: &message.Session{
				Peer: netip.AddrPortFrom(mailnet.Senders[mail.HELO], 40000), HELO: mail.HELO, ESMTP: true,
				TLS: &message.TLSState{Version: 0x0304}, ReceivedAt: now,
			},
		}
		reports = append(reports, a.Message(t.Context(), m, ""))
	}
	return reports
}

// Nothing is wrong with the good message, and the other one has the accidents
// that people really have.
func TestMessages(t *testing.T) {
	reports := scored(t)
	var wrong, accidents []string
	for _, r := range reports[0].Results {
		if r.Outcome != checks.OutcomePass && r.Outcome != checks.OutcomeSkip {
			wrong = append(wrong, r.Check+" is "+string(r.Outcome)+": "+r.Reason)
		}
	}
	if score := reports[0].Score; score.Value != 100 || score.Low != 100 || len(wrong) > 0 {
		t.Errorf("the good message scores %d (%d at least):\n%s", score.Value, score.Low, strings.Join(wrong, "\n"))
	}
	for _, r := range reports[1].Results {
		if r.Outcome == checks.OutcomeFail {
			accidents = append(accidents, r.Check)
		}
	}
	got := " " + strings.Join(accidents, " ") + " "
	for _, id := range []string{
		"spf-permerror", "dkim-missing", "dmarc-fail", "unresolved-placeholder", "header-duplicate-unique", "date-missing",
		"message-id-domain-not-fqdn", "to-missing", "html-only", "one-click-missing", "list-unsubscribe-http", "helo-invalid", "client-ptr-missing",
	} {
		if !strings.Contains(got, " "+id+" ") {
			t.Errorf("the message with accidents does not have %s, only%s", id, got)
		}
	}
}
