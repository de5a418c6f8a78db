package api

import (
	"time"

	"github.com/postmuster/postmuster/internal/sink/store"
)

// A Summary is what lists say of a message.
type Summary struct {
	ID       string    `json:"id"`
	Seq      uint64    `json:"seq" doc:"Counts messages; what was answered 250 has one"`
	Received time.Time `json:"received"`

	From string   `json:"from" doc:"The address of the From field; the envelope's when there is none"`
	Name string   `json:"from_name" doc:"The name in the From field"`
	Rcpt []string `json:"rcpt" doc:"The recipients of the envelope, at most 100; the message has them all"`
	To   []string `json:"to" doc:"The addresses of the To field"`
	Cc   []string `json:"cc"`

	MailFrom    string     `json:"mail_from" doc:"The reverse-path of the envelope"`
	Subject     string     `json:"subject"`
	MessageID   string     `json:"message_id"`
	Date        *time.Time `json:"date,omitempty" doc:"What the Date field says"`
	Snippet     string     `json:"snippet"`
	Size        int64      `json:"size" doc:"In bytes, as received"`
	Attachments int        `json:"attachments"`

	Inbox   string   `json:"inbox" doc:"The most specific inbox; empty for none"`
	Inboxes []string `json:"inboxes"`
	Tags    []string `json:"tags"`
	Read    bool     `json:"read"`
	Score   *Score   `json:"score" doc:"Null while the message is being scored"`
}

// A Score is the sum of a report.
type Score struct {
	Value int    `json:"value"`
	Low   int    `json:"low"`
	High  int    `json:"high"`
	Grade string `json:"grade"`
}

func summary(r *store.Record) Summary {
	s := Summary{
		ID: r.ID, Seq: r.Seq, Received: r.Received.UTC(), From: r.MailFrom, MailFrom: r.MailFrom,
		Rcpt: orEmpty(r.Rcpt), To: addresses(r.To), Cc: addresses(r.Cc), Subject: r.Subject, MessageID: r.MessageID,
		Snippet: r.Snippet, Size: r.Size, Attachments: r.Attachments, Inboxes: orEmpty(r.Inboxes), Tags: orEmpty(r.Tags), Read: r.Read,
	}
	if len(r.From) > 0 {
		s.From, s.Name = r.From[0].Address, r.From[0].Name
	}
	if len(r.Inboxes) > 0 {
		s.Inbox = r.Inboxes[0]
	}
	if !r.Date.IsZero() {
		s.Date = &r.Date
	}
	if r.Score != nil {
		s.Score = &Score{Value: r.Score.Value, Low: r.Score.Low, High: r.Score.High, Grade: r.Score.Grade}
	}
	return s
}

func summaries(records []*store.Record) []Summary {
	list := make([]Summary, 0, len(records))
	for _, r := range records {
		list = append(list, summary(r))
	}
	return list
}

func addresses(mailboxes []store.Mailbox) []string {
	list := make([]string, 0, len(mailboxes))
	for _, m := range mailboxes {
		list = append(list, m.Address)
	}
	return list
}

// orEmpty makes an empty list of none, which JSON tells apart.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
