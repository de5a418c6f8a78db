package postmustertest

import (
	"context"
	"strings"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/api"
)

// A Message is a message that was received, and what was found out about it.
type Message struct {
	ID  string
	Raw []byte // exactly as it was received

	MailFrom string   // of the envelope
	Rcpt     []string // of the envelope

	From    string // the address in the From field
	Subject string // decoded
	Text    string // the text part, decoded
	HTML    string // the HTML part, decoded; nothing made it safe

	// Score is between 0 and 100, and Grade between A and F. What could not be
	// found out without a network may lower it as far as Low.
	Score, Low int
	Grade      string
	Findings   []Finding // what is to be mended

	fields []api.Field
	links  []api.Link
	codes  []api.Code
}

// A Finding is one thing that is to be mended.
type Finding struct {
	Check    string          // the check's ID, "header-duplicate-unique": postmuster explain says more
	Severity checks.Severity // how much depends on it
	Where    string          // "header:Subject[2]"
	Message  string          // what is wrong
	Fix      string          // what to do about it
}

// Header returns the first header field of a name, unfolded and decoded; empty
// if there is none.
func (m *Message) Header(name string) string {
	for _, f := range m.fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Links returns the addresses that the message links to, in the order in which
// they stand there, each once.
func (m *Message) Links() []string {
	var urls []string
	seen := map[string]bool{}
	for _, l := range m.links {
		if !seen[l.URL] {
			seen[l.URL] = true
			urls = append(urls, l.URL)
		}
	}
	return urls
}

// Codes returns what looks like a one-time code, the likeliest first.
func (m *Message) Codes() []string {
	var codes []string
	for _, c := range m.codes {
		codes = append(codes, c.Code)
	}
	return codes
}

// Failed reports whether a check failed.
func (m *Message) Failed(check string) bool {
	for _, f := range m.Findings {
		if f.Check == check {
			return true
		}
	}
	return false
}

// read reads all of a message.
func (s *Sink) read(ctx context.Context, id string) (*Message, error) {
	detail, err := s.client.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	m := &Message{
		ID: id, MailFrom: detail.MailFrom, Rcpt: detail.Rcpt, From: detail.From, Subject: detail.Subject,
		Text: detail.Text, HTML: detail.HTML, fields: detail.Headers,
	}
	if m.Raw, err = s.client.Raw(ctx, id); err != nil {
		return nil, err
	}
	if m.links, err = s.client.Links(ctx, id); err != nil {
		return nil, err
	}
	if m.codes, err = s.client.Codes(ctx, id); err != nil {
		return nil, err
	}
	r, err := s.client.Report(ctx, id)
	if err != nil {
		return nil, err
	}
	m.Score, m.Low, m.Grade = r.Score.Value, r.Score.Low, string(r.Score.Grade)
	m.Findings = findings(r)
	return m, nil
}

func findings(r *report.Report) []Finding {
	var list []Finding
	for _, result := range r.Results {
		if result.Outcome != checks.OutcomeFail {
			continue
		}
		for _, f := range result.Findings {
			list = append(list, Finding{
				Check: result.Check, Severity: result.Severity, Where: f.Where, Message: f.Message, Fix: result.Fix,
			})
		}
	}
	return list
}
