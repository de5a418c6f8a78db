package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerWaiting(api huma.API) {
	unmet := func(description string) map[string]*huma.Response {
		return map[string]*huma.Response{"417": {Description: description, Content: map[string]*huma.MediaType{"application/problem+json": {}}}}
	}
	register(a, api, huma.Operation{
		OperationID: "wait", Method: http.MethodPost, Path: prefix + "/wait", Tags: []string{"waiting"},
		Summary:   "Wait until messages have arrived that a condition is about",
		Responses: unmet("The time is over, or there are too many: what did arrive, and why it does not match"),
	}, a.wait)
	register(a, api, huma.Operation{
		OperationID: "wait-by-address", Method: http.MethodGet, Path: prefix + "/wait", Tags: []string{"waiting"},
		Summary:   "The same for what a command line asks",
		Responses: unmet("The time is over, or there are too many: what did arrive, and why it does not match"),
	}, a.waitByQuery)
	register(a, api, huma.Operation{
		OperationID: "expect", Method: http.MethodPost, Path: prefix + "/expect", Tags: []string{"waiting"},
		Summary:   "Wait until several conditions hold at once",
		Responses: unmet("The conditions, and for each that does not hold what did arrive"),
	}, a.expect)
}

const (
	defaultWait = 10 * time.Second
	// maxWait is what HTTP clients and proxies put up with.
	maxWait = 5 * time.Minute
)

// A Span is when messages count, and how long they are waited for.
type Span struct {
	Timeout  string `json:"timeout,omitempty" maxLength:"20" default:"10s" example:"10s" doc:"At most 5m"`
	Settle   string `json:"settle,omitempty" maxLength:"20" doc:"How long the condition has to go on holding, so that a message too many is seen"`
	AfterSeq uint64 `json:"after_seq,omitempty" doc:"Only messages behind this one count"`
}

func (s *Span) read(where string) (timeout, settle time.Duration, err error) {
	timeout, settle = defaultWait, 0
	if s.Timeout != "" {
		timeout, err = time.ParseDuration(s.Timeout)
	}
	if err != nil || timeout < 0 || timeout > maxWait {
		return 0, 0, invalid(where+".timeout", "the timeout is a time like 500ms or 10s, at most 5m")
	}
	if s.Settle != "" {
		settle, err = time.ParseDuration(s.Settle)
	}
	if err != nil || settle < 0 || settle > timeout {
		return 0, 0, invalid(where+".settle", "settle is a time like 500ms, and not longer than the timeout")
	}
	return timeout, settle, nil
}

// An Outcome is what came of waiting for one condition.
type Outcome struct {
	Condition Condition `json:"condition"`
	Met       bool      `json:"met"`
	Count     int       `json:"count" doc:"How many messages match"`
	Expected  string    `json:"expected"`
	Messages  []Summary `json:"messages" doc:"Those that match, oldest first, at most 100"`
	Arrived   []Arrival `json:"arrived,omitempty" doc:"Unless the condition is met: the newest messages that do not match, and why"`
}

// An Arrival is a message that does not match.
type Arrival struct {
	Summary
	Mismatches []Mismatch `json:"mismatches"`
}

// A Mismatch is a term that a message does not match.
type Mismatch struct {
	Term string `json:"term"`
	Has  string `json:"has" doc:"What the message has instead"`
}

// Unmet is the answer when a condition did not hold in time.
type Unmet struct {
	huma.ErrorModel
	Outcomes []Outcome `json:"outcomes"`
	Seq      uint64    `json:"seq"`
}

// GetStatus is 417: clients send a request again by themselves after a 408.
func (u *Unmet) GetStatus() int { return u.Status }

type waitOutput struct {
	Body struct {
		Outcome
		Seq uint64 `json:"seq" doc:"All messages up to this one were looked at"`
	}
}

func (a *API) wait(ctx context.Context, in *struct {
	Body struct {
		Condition
		Span
	}
}) (*waitOutput, error) {
	outcomes, seq, err := a.await(ctx, []Condition{in.Body.Condition}, in.Body.Span, "body")
	if err != nil {
		return nil, err
	}
	out := &waitOutput{}
	out.Body.Outcome, out.Body.Seq = outcomes[0], seq
	return out, nil
}

func (a *API) waitByQuery(ctx context.Context, in *struct {
	Query   string `query:"query" maxLength:"2000" doc:"A search; all of its terms must match"`
	Inbox   string `query:"inbox" maxLength:"200"`
	To      string `query:"to" maxLength:"400"`
	From    string `query:"from" maxLength:"400"`
	Subject string `query:"subject" maxLength:"400"`
	Count   int    `query:"count" minimum:"1" maximum:"10000" doc:"So many and no more; without it one is enough"`
	Timeout string `query:"timeout" maxLength:"20" default:"10s"`
	Settle  string `query:"settle" maxLength:"20"`
	After   uint64 `query:"after_seq" doc:"Only messages behind this one count"`
}) (*waitOutput, error) {
	c := Condition{Query: in.Query, Inbox: in.Inbox, To: in.To, From: in.From, Subject: in.Subject}
	if in.Count > 0 {
		c.Exact = &in.Count
	}
	outcomes, seq, err := a.await(ctx, []Condition{c}, Span{in.Timeout, in.Settle, in.After}, "query")
	if err != nil {
		return nil, err
	}
	out := &waitOutput{}
	out.Body.Outcome, out.Body.Seq = outcomes[0], seq
	return out, nil
}

type expectOutput struct {
	Body struct {
		Outcomes []Outcome `json:"outcomes"`
		Seq      uint64    `json:"seq"`
	}
}

func (a *API) expect(ctx context.Context, in *struct {
	Body struct {
		Span
		Expect []Condition `json:"expect" minItems:"1" maxItems:"50"`
	}
}) (*expectOutput, error) {
	outcomes, seq, err := a.await(ctx, in.Body.Expect, in.Body.Span, "body.expect")
	if err != nil {
		return nil, err
	}
	out := &expectOutput{}
	out.Body.Outcomes, out.Body.Seq = outcomes, seq
	return out, nil
}

// await waits until all conditions hold, or one cannot any more.
func (a *API) await(ctx context.Context, conditions []Condition, span Span, where string) ([]Outcome, uint64, error) {
	timeout, settle, err := span.read(strings.TrimSuffix(where, ".expect"))
	if err != nil {
		return nil, 0, err
	}
	w := &waiter{api: a, after: span.AfterSeq, settle: settle}
	for i := range conditions {
		at := where
		if where == "body.expect" {
			at = fmt.Sprintf("%s[%d]", where, i)
		}
		c, err := conditions[i].read(at)
		if err != nil {
			return nil, 0, err
		}
		if c.max == 0 {
			w.settle = timeout // that nothing comes shows only at the end
		}
		w.conditions = append(w.conditions, c)
	}
	if !a.waiting.take() {
		return nil, 0, refuse(http.StatusTooManyRequests, "too many are waiting already")
	}
	defer a.waiting.leave()
	met, err := w.run(ctx, timeout)
	if err != nil {
		return nil, 0, err
	}
	outcomes, err := w.outcomes(ctx, conditions)
	if err != nil {
		return nil, 0, err
	}
	if !met {
		return nil, 0, unmet(outcomes, w.seq, timeout)
	}
	return outcomes, w.seq, nil
}

func unmet(outcomes []Outcome, seq uint64, timeout time.Duration) error {
	u := &Unmet{Outcomes: outcomes, Seq: seq}
	u.Type, u.Status, u.Title = "about:blank", http.StatusExpectationFailed, "Not what was expected"
	for _, o := range outcomes {
		if !o.Met {
			u.Detail = o.Condition.label() + fmt.Sprintf("%s expected, %d matched within %s; %d other messages arrived", o.Expected, o.Count, timeout, len(o.Arrived))
			break
		}
	}
	return u
}

// label is how the name of a condition, if it has one, begins a line.
func (c *Condition) label() string {
	if c.Name == "" {
		return ""
	}
	return c.Name + ": "
}

// errWindow ends waiting by its own time.
var errWindow = errors.New("the time is over")

// A waiter looks again whenever something has happened.
type waiter struct {
	api        *API
	conditions []*condition
	after      uint64
	settle     time.Duration

	found []found // for each condition
	seq   uint64  // all messages up to it were looked at
}

// run returns whether the conditions held when it ended.
func (w *waiter) run(ctx context.Context, timeout time.Duration) (bool, error) {
	window, cancel := context.WithTimeoutCause(ctx, timeout, errWindow)
	defer cancel()
	news := w.api.store.Subscribe("")
	if err := w.lookAtAll(ctx); err != nil {
		return false, err
	}
	var held context.Context // while all conditions hold: ends when they have settled
	for {
		met, hopeless := w.judge()
		switch {
		case hopeless, met && w.settle == 0:
			return met, nil
		case !met:
			held = nil
		case held == nil:
			var settled context.CancelFunc
			held, settled = context.WithTimeoutCause(window, w.settle, errWindow)
			defer settled()
		}
		until := window
		if held != nil {
			until = held
		}
		if err := w.next(until, news); err != nil {
			if ctx.Err() == nil && context.Cause(until) == errWindow {
				return w.last(ctx)
			}
			return false, err
		}
		if err := w.look(ctx); err != nil {
			return false, err
		}
	}
}

// last looks once more: a message that came with the last moment counts.
func (w *waiter) last(ctx context.Context) (bool, error) {
	if err := w.lookAtAll(ctx); err != nil {
		return false, err
	}
	met, _ := w.judge()
	return met, nil
}

// next waits for something that may change the answer.
func (w *waiter) next(ctx context.Context, news *store.Subscription) error {
	for {
		event, err := news.Next(ctx)
		if err != nil {
			return err
		}
		if event.Kind == store.Received && event.Record != nil && event.Record.Seq <= w.seq {
			continue // it was looked at
		}
		if slices.ContainsFunc(w.conditions, func(c *condition) bool { return c.concerns(&event) }) {
			return nil
		}
	}
}

// judge reports whether all conditions hold, and whether one has too many
// messages: they do not go away.
func (w *waiter) judge() (met, hopeless bool) {
	met = true
	for i, c := range w.conditions {
		n := w.found[i].count
		met = met && n >= c.min && n <= c.max
		hopeless = hopeless || n > c.max
	}
	return met, hopeless
}
