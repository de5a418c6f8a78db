// Package report writes reports: one file for each format.
//
// A Report is what programs read as JSON; every other format is a rendering of
// it. Reporters see results, never facts.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/verdict"
)

// Schema is the version of the JSON. Keys are added to it, never changed.
const Schema = 1

// A Report is what was found out about one subject, and what it comes to.
type Report struct {
	Schema  int           `json:"schema"`
	Tool    Tool          `json:"tool"`
	Subject Subject       `json:"subject"`
	Profile string        `json:"profile"`
	At      time.Time     `json:"at"`
	Score   verdict.Score `json:"score"`
	Gate    verdict.Gate  `json:"gate"`
	// Providers say which requirements of the mailbox providers are met.
	Providers []verdict.Provider `json:"providers"`
	Results   []Result           `json:"results"`
	// Opinions are those of spam filters that were asked; none count.
	Opinions []Opinion `json:"opinions,omitempty"`
}

// Tool is the program that wrote the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Subject is what the report is about.
type Subject struct {
	Kind      checks.Scope `json:"kind"`
	Domain    string       `json:"domain"`
	MessageID string       `json:"message_id,omitempty"`
	Name      string       `json:"name,omitempty"`
}

// Label names the subject to a reader.
func (s Subject) Label() string {
	switch {
	case s.Kind == checks.Domain:
		return s.Domain
	case s.Name != "":
		return s.Name
	case s.MessageID != "":
		return s.MessageID
	default:
		return "message"
	}
}

// Result is what one check came to.
type Result struct {
	Check    string           `json:"check"`
	Category string           `json:"category"`
	Title    string           `json:"title"`
	Outcome  checks.Outcome   `json:"outcome"`
	Severity checks.Severity  `json:"severity"`
	Points   int              `json:"points"` // off; 0 unless it failed
	Reason   string           `json:"reason"`
	Findings []checks.Finding `json:"findings"`
	Unknown  []checks.Unknown `json:"unknown,omitempty"`
	Why      string           `json:"why"`
	Fix      string           `json:"fix"`
	Refs     []string         `json:"refs"`
	Waived   *Waiver          `json:"waived,omitempty"`
}

// Waiver is why a result does not count, and until when.
type Waiver struct {
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

// New builds the report of a verdict.
func New(tool Tool, subject Subject, profile checks.Profile, at time.Time, v verdict.Verdict) *Report {
	r := &Report{
		Schema: Schema, Tool: tool, Subject: subject, Profile: string(profile), At: at.UTC().Truncate(time.Second),
		Score: v.Score, Gate: v.Gate, Providers: verdict.Providers(v.Results, profile), Results: []Result{},
	}
	for _, result := range v.Results {
		r.Results = append(r.Results, newResult(result))
	}
	return r
}

func newResult(r verdict.Result) Result {
	c := r.Check
	out := Result{
		Check: c.ID, Category: c.Category, Title: c.Title, Outcome: r.Outcome, Severity: r.Severity, Points: r.Off(),
		Reason: r.Reason, Findings: r.Findings, Unknown: r.Unknown, Why: c.Why, Fix: c.Fix, Refs: c.Refs,
	}
	if out.Findings == nil {
		out.Findings = []checks.Finding{}
	}
	for i := range out.Findings {
		if out.Findings[i].Evidence == nil {
			out.Findings[i].Evidence = []checks.Evidence{}
		}
	}
	if r.Waived != nil {
		out.Waived = &Waiver{Until: r.Waived.Until.Format(time.DateOnly), Reason: r.Waived.Reason}
	}
	return out
}

// A Writer writes reports in one format as they come. Close ends the output; it
// does not close the underlying writer.
type Writer interface {
	Write(*Report) error
	Close() error
}

// Style is how a report is laid out for its reader.
type Style struct {
	Several bool // there may be more than one report: JSON becomes an array
	Width   int  // columns; 80 when 0
	Color   bool // colours and symbols, for a terminal
}

var formats = map[string]func(io.Writer, Style) Writer{
	"table":  newTable,
	"json":   newJSON,
	"ndjson": newNDJSON,
}

// Formats returns the names of the formats, the default first.
func Formats() []string { return []string{"table", "json", "ndjson"} }

// NewWriter returns a writer for a format; an unknown one is an error that
// lists what there is.
func NewWriter(format string, w io.Writer, style Style) (Writer, error) {
	newWriter, ok := formats[format]
	if !ok {
		return nil, fmt.Errorf("unknown format %q; there are %s", format, strings.Join(Formats(), ", "))
	}
	return newWriter(w, style), nil
}
