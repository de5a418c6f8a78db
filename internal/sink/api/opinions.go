package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerOpinions(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "list-opinions", Method: http.MethodGet, Path: prefix + "/messages/{id}/opinions", Tags: []string{"messages"},
		Summary: "What the spam filters named at start say of a message; it does not count",
	}, a.opinions)
}

// Opinions are what spam filters say of a message.
type Opinions struct {
	Pending  bool      `json:"pending" doc:"The message is being scored, and the filters asked"`
	Opinions []Opinion `json:"opinions" doc:"One for each filter that was asked: see --spamd and --rspamd"`
}

// An Opinion is what one filter says.
type Opinion struct {
	Filter   string  `json:"filter" enum:"spamassassin,rspamd"`
	Error    string  `json:"error" doc:"Why there is no opinion; all else is empty"`
	Spam     bool    `json:"spam"`
	Score    float64 `json:"score"`
	Required float64 `json:"required" doc:"From which the filter calls it spam"`
	Action   string  `json:"action" doc:"What the filter would do with it"`
	Rules    []Rule  `json:"rules" doc:"The weightiest first"`
}

// A Rule is a rule of a filter that fits the message.
type Rule struct {
	Name        string   `json:"name"`
	Score       *float64 `json:"score" doc:"Null when the filter does not say"`
	Description string   `json:"description"`
}

func (a *API) opinions(ctx context.Context, in *ContentInput) (*Tagged[Opinions], error) {
	r, err := a.one(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	list, err := a.opinionsOf(ctx, r.ID)
	out := Opinions{Opinions: []Opinion{}}
	switch {
	case errors.Is(err, store.ErrNoReport):
		out.Pending = true
	case err != nil:
		return nil, err
	}
	for _, o := range list {
		one := Opinion{Filter: o.Filter, Error: o.Error, Spam: o.Spam, Score: o.Score, Required: o.Required, Action: o.Action, Rules: []Rule{}}
		for _, s := range o.Symbols {
			one.Rules = append(one.Rules, Rule(s))
		}
		out.Opinions = append(out.Opinions, one)
	}
	return tagged(in.IfNoneMatch, out), nil
}

// opinionsOf reads them from the report of a message.
func (a *API) opinionsOf(ctx context.Context, id string) ([]report.Opinion, error) {
	found, err := a.store.Report(ctx, id)
	if err != nil {
		return nil, err
	}
	var r struct {
		Opinions []report.Opinion `json:"opinions"`
	}
	if err := json.Unmarshal(found.JSON, &r); err != nil {
		return nil, fmt.Errorf("read the report of %s: %w", id, err)
	}
	return r.Opinions, nil
}

// reportTimeout is how long a report is waited for: longer than a filter may take.
const reportTimeout = time.Minute

// awaitOpinions waits until a message is scored.
func (a *API) awaitOpinions(ctx context.Context, id string) ([]report.Opinion, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	news := a.store.Subscribe("")
	for {
		list, err := a.opinionsOf(ctx, id)
		if !errors.Is(err, store.ErrNoReport) {
			return list, err
		}
		for mine := false; !mine; {
			event, err := news.Next(ctx)
			if err != nil {
				return nil, err
			}
			mine = event.Kind == store.Resync || event.Kind == store.Deleted || event.Record != nil && event.Record.ID == id
		}
	}
}

const spamAssassin = "spamassassin" // as the filter is called in reports

func (c *Config) asks(filter string) bool { return slices.Contains(c.Filters, filter) }
