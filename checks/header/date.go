package header

import (
	"fmt"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

// How far Date may be from the time of receipt. The steps are those at which
// SpamAssassin begins to count, and counts more.
const (
	clockSkew  = 10 * time.Minute // clocks differ
	farAhead   = 3 * time.Hour
	someDelay  = 3 * time.Hour // a greylisting and a retry take less
	longDelay  = 24 * time.Hour
	verySlow   = 96 * time.Hour
	noDateSkew = time.Duration(1<<63 - 1)
)

var dateFacts = []fact.Key{facts.Tree, facts.Receipt}

var _ = suite.Add(&checks.Check{
	ID:       "date-missing",
	Title:    "The message has a Date field",
	Why:      "The field is required; filters count its absence heavily, and readers sort the message to the wrong place.",
	Fix:      "Add Date when the message is made. Every mail library does on request.",
	Refs:     []string{"RFC 5322 §3.6", "RFC 5322 §3.6.1"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		if header(p).First("Date") == nil {
			missing(p, "Date")
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "date-invalid",
	Title:    "The Date field holds a date",
	Why:      "Readers show a wrong date or none, and filters count it.",
	Fix:      "Write it as in: Mon, 23 Nov 2026 10:00:00 +0000.",
	Refs:     []string{"RFC 5322 §3.3", "RFC 5322 §4.3"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 6,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := header(p).First("Date")
		if f == nil {
			p.Skipf("there is no Date field")
			return
		}
		if !message.ParseDate(f.Unfolded()).Valid {
			report(p, "Date is no date of RFC 5322", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "date-weekday",
	Title:    "The day of the week in Date is that of the date",
	Why:      "The standard demands that they agree; a date that was put together by hand is a mark of spam tools.",
	Fix:      "Let a library write the field.",
	Refs:     []string{"RFC 5322 §3.3"},
	Category: headers, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval:  func(p *checks.Pass) { judgeDateDefect(p, message.DateWeekday, "the day of the week is another") },
})

var _ = suite.Add(&checks.Check{
	ID:       "date-timezone-absurd",
	Title:    "The zone of Date exists on earth",
	Why:      "Offsets beyond -1200 and +1400 are a mark of spam tools: filters count them.",
	Fix:      "Set the time zone of the host that makes the message.",
	Refs:     []string{"RFC 5322 §3.3"},
	Category: headers, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval:  func(p *checks.Pass) { judgeDateDefect(p, message.DateZone, "no place on earth has that offset") },
})

func judgeDateDefect(p *checks.Pass, kind message.Kind, says string) {
	f, date := date(p)
	if f != nil && message.Has(date.Defects, kind) {
		report(p, says, f)
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "date-skew-future",
	Title:    "Date is not after the receipt of the message",
	Why:      "A message from the future stays on top of every inbox: filters count it.",
	Fix:      "Set the clock and the time zone of the host that makes the message.",
	Refs:     []string{"RFC 5322 §3.6.1"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: dateFacts,
	Eval:  func(p *checks.Pass) { judgeFuture(p, clockSkew, farAhead) },
})

var _ = suite.Add(&checks.Check{
	ID:       "date-skew-future-hours",
	Title:    "Date is not hours after the receipt of the message",
	Why:      "A message from the future stays on top of every inbox; from three hours on filters count it heavily.",
	Fix:      "Set the clock and the time zone of the host that makes the message.",
	Refs:     []string{"RFC 5322 §3.6.1"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: dateFacts,
	Eval:  func(p *checks.Pass) { judgeFuture(p, farAhead, noDateSkew) },
})

// judgeFuture reports a Date that is more than least and at most most ahead. A
// message that has not been received yet cannot be received before now.
func judgeFuture(p *checks.Pass, least, most time.Duration) {
	f, date := date(p)
	if f == nil {
		return
	}
	receipt := facts.Receipt.Of(p.View)
	if ahead := date.Time.Sub(receipt.At); ahead > least && ahead <= most {
		reportSkew(p, f, receipt, "ahead of", ahead)
	}
}

var _ = suite.Add(&checks.Check{
	ID:       "date-skew-past",
	Title:    "The message is received within three hours of its Date",
	Why:      "Filters count delays: spam is often written long before it is sent.",
	Fix:      "Set Date when the message is handed over, not when it is rendered.",
	Refs:     []string{"RFC 5322 §3.6.1"},
	Category: headers, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: dateFacts,
	Eval:  func(p *checks.Pass) { judgePast(p, someDelay, longDelay) },
})

var _ = suite.Add(&checks.Check{
	ID:       "date-skew-past-day",
	Title:    "The message is received within a day of its Date",
	Why:      "Readers find it below newer mail, and filters count it.",
	Fix:      "Set Date when the message is handed over, not when it is rendered; look for a queue that stands still.",
	Refs:     []string{"RFC 5322 §3.6.1"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: dateFacts,
	Eval:  func(p *checks.Pass) { judgePast(p, longDelay, verySlow) },
})

var _ = suite.Add(&checks.Check{
	ID:       "date-skew-past-days",
	Title:    "The message is received within four days of its Date",
	Why:      "Readers will not see it below newer mail, and filters count it heavily.",
	Fix:      "Set Date when the message is handed over; set the clock of the host that makes it.",
	Refs:     []string{"RFC 5322 §3.6.1"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 8,
	Needs: dateFacts,
	Eval:  func(p *checks.Pass) { judgePast(p, verySlow, noDateSkew) },
})

// judgePast reports a Date that is more than least and at most most behind. How
// late a message will be that has not been received yet is not known.
func judgePast(p *checks.Pass, least, most time.Duration) {
	f, date := date(p)
	if f == nil {
		return
	}
	receipt := facts.Receipt.Of(p.View)
	if !receipt.Known {
		p.Unknownf(f.Where(), "when the message is received is not known: it came from a file without a Received field")
		return
	}
	if behind := receipt.At.Sub(date.Time); behind > least && behind <= most {
		reportSkew(p, f, receipt, "behind", behind)
	}
}

func reportSkew(p *checks.Pass, f *message.Field, r facts.ReceiptTime, direction string, skew time.Duration) {
	received := "the time of receipt"
	if !r.Known {
		received = "now"
	}
	evidence := append(facts.SeenFields(f), checks.Evidence{Source: received, Text: r.At.UTC().Format(time.RFC3339)})
	p.Report(checks.Finding{
		Where:    f.Where(),
		Message:  fmt.Sprintf("Date is %s %s %s", inWords(skew), direction, received),
		Evidence: evidence,
	})
}

func inWords(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	default:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
}

// date returns the Date field with its date; where it has none the check is
// skipped.
func date(p *checks.Pass) (*message.Field, message.Date) {
	f := header(p).First("Date")
	if f == nil {
		p.Skipf("there is no Date field")
		return nil, message.Date{}
	}
	date := message.ParseDate(f.Unfolded())
	if !date.Valid {
		p.Skipf("the Date field holds no date")
		return nil, date
	}
	return f, date
}
