package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/sink/store"
)

const (
	maxShown     = 100 // messages in an answer
	maxArrived   = 20  // messages that do not match, in an answer
	maxCounted   = 10_000
	clippedValue = 300
)

// found is what a condition is about.
type found struct {
	count   int
	records []*store.Record // the first of them, at most maxShown
}

// lookAtAll looks when all that was acknowledged until now can be found.
func (w *waiter) lookAtAll(ctx context.Context) error {
	stats, err := w.api.store.Stats(ctx)
	if err != nil {
		return err
	}
	if err := w.api.store.WaitSeq(ctx, stats.Seq); err != nil {
		return err
	}
	return w.look(ctx)
}

// look searches anew for all conditions.
func (w *waiter) look(ctx context.Context) error {
	w.found = w.found[:0]
	w.seq = 0
	for _, c := range w.conditions {
		f, seq, err := w.api.find(ctx, c, w.after)
		if err != nil {
			return err
		}
		w.found = append(w.found, f)
		if w.seq == 0 || seq < w.seq {
			w.seq = seq
		}
	}
	return nil
}

// find returns the messages behind after that a condition is about, oldest first.
func (a *API) find(ctx context.Context, c *condition, after uint64) (f found, seq uint64, err error) {
	q := store.Query{Search: c.search, After: after, OldestFirst: true, Limit: maxShown, CountTo: maxCounted}
	whole := c.from != "" || c.to != ""
	for {
		page, err := a.store.List(ctx, q)
		if err != nil {
			return f, 0, err
		}
		if seq == 0 {
			seq = page.Seq
		}
		if !whole { // what the store counted is right
			return found{count: page.Total, records: page.Records}, seq, nil
		}
		for _, r := range page.Records {
			if a.isWhole(ctx, c, r) {
				f.add(r)
			}
		}
		if page.Next == "" || f.count >= maxCounted {
			return f, seq, nil
		}
		q.Cursor, q.Limit = page.Next, store.MaxLimit
	}
}

func (f *found) add(r *store.Record) {
	f.count++
	if len(f.records) < maxShown {
		f.records = append(f.records, r)
	}
}

// isWhole compares addresses; a record does not name all of very many recipients.
func (a *API) isWhole(ctx context.Context, c *condition, r *store.Record) bool {
	if c.whole(r, r.Rcpt) {
		return true
	}
	if len(r.Rcpt) < store.MaxListed {
		return false
	}
	m, err := a.store.Session(ctx, r.ID)
	if err != nil || m.Envelope == nil {
		return false // deleted meanwhile
	}
	var rcpt []string
	for _, to := range m.Envelope.Rcpt {
		rcpt = append(rcpt, to.To)
	}
	return c.whole(r, rcpt)
}

// outcomes says for each condition what matches, and why the rest does not.
func (w *waiter) outcomes(ctx context.Context, conditions []Condition) ([]Outcome, error) {
	out := make([]Outcome, 0, len(w.conditions))
	for i, c := range w.conditions {
		f := w.found[i]
		o := Outcome{
			Condition: conditions[i], Met: f.count >= c.min && f.count <= c.max, Count: f.count,
			Expected: c.expected(), Messages: summaries(f.records),
		}
		if !o.Met && f.count < c.min {
			var err error
			if o.Arrived, err = w.arrived(ctx, c); err != nil {
				return nil, err
			}
		}
		out = append(out, o)
	}
	return out, nil
}

// arrived returns the newest messages that a condition is not about, and why.
func (w *waiter) arrived(ctx context.Context, c *condition) ([]Arrival, error) {
	page, err := w.api.store.List(ctx, store.Query{After: w.after, Limit: maxArrived})
	if err != nil || len(page.Records) == 0 {
		return []Arrival{}, err
	}
	arrivals := make([]Arrival, 0, len(page.Records))
	for _, r := range page.Records {
		arrivals = append(arrivals, Arrival{Summary: summary(r)})
	}
	oldest := page.Records[len(page.Records)-1].Seq
	for _, term := range c.terms {
		matching, err := w.api.matchingTerm(ctx, term, oldest)
		if err != nil {
			return nil, err
		}
		for i, r := range page.Records {
			if !matching[r.ID] {
				arrivals[i].Mismatches = append(arrivals[i].Mismatches, Mismatch{Term: term, Has: clip(has(term, r), clippedValue)})
			}
		}
	}
	for i, r := range page.Records {
		if len(arrivals[i].Mismatches) == 0 && !w.api.isWhole(ctx, c, r) {
			arrivals[i].Mismatches = []Mismatch{{Term: strings.TrimSpace(c.from + " " + c.to), Has: clip(has("from:", r)+" "+has("to:", r), clippedValue)}}
		}
	}
	return slices.DeleteFunc(arrivals, func(a Arrival) bool { return len(a.Mismatches) == 0 }), nil
}

// matchingTerm returns which messages from oldest on one term matches.
func (a *API) matchingTerm(ctx context.Context, term string, oldest uint64) (map[string]bool, error) {
	search, err := parse(term, "body.query")
	if err != nil {
		return nil, err
	}
	page, err := a.store.List(ctx, store.Query{Search: search, After: oldest - 1, Limit: store.MaxLimit})
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, r := range page.Records {
		ids[r.ID] = true
	}
	return ids, nil
}

// has returns what a message has where a term looks.
func has(term string, r *store.Record) string {
	field, _, ok := strings.Cut(strings.TrimLeft(term, "-!"), ":")
	if !ok {
		field = ""
	}
	switch strings.ToLower(field) {
	case "from":
		return strings.Join(slices.Compact(append(addresses(r.From), r.MailFrom)), ", ")
	case "to":
		all := slices.Concat(r.Rcpt, addresses(r.To), addresses(r.Cc), addresses(r.Bcc))
		slices.Sort(all)
		return strings.Join(slices.Compact(all), ", ")
	case "cc":
		return strings.Join(addresses(r.Cc), ", ")
	case "bcc":
		return strings.Join(addresses(bcc(r)), ", ")
	case "reply-to":
		return strings.Join(addresses(r.ReplyTo), ", ")
	case "file":
		return strconv.Itoa(r.Attachments) + " attachments"
	case "header":
		return "no such field"
	case "inbox":
		return strings.Join(r.Inboxes, ", ")
	case "tag":
		return strings.Join(r.Tags, ", ")
	case "message-id":
		return r.MessageID
	case "score", "check":
		if r.Score == nil {
			return "not scored yet"
		}
		return "score " + strconv.Itoa(r.Score.Value)
	case "before", "after":
		return r.Received.UTC().Format("2006-01-02T15:04:05Z")
	case "larger", "smaller":
		return strconv.Itoa(int(r.Size)) + " bytes"
	default:
		return r.Subject
	}
}
