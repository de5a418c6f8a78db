package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/linkcheck"
)

func (a *API) registerLinkCheck(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "check-links", Method: http.MethodPost, Path: prefix + "/messages/{id}/link-check", Tags: []string{"messages"},
		Summary: "Ask where the links and images of a message lead; 403 unless the sink was started with --check-links",
		Description: fmt.Sprintf("Each address is asked for once, with HEAD, and with GET where that is refused: a link that acts when it is opened, acts. "+
			"Hosts of the public internet alone are asked, on ports 80 and 443, up to %d addresses. It may take a minute.", linkcheck.MaxLinks),
		Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, a.checkLinks)
}

// LinkCheck is what came of asking for the links of a message.
type LinkCheck struct {
	At    time.Time     `json:"at"`
	Links []LinkAnswer  `json:"links"`
	Count LinkCheckSums `json:"count"`
	More  int           `json:"more" doc:"Addresses that were not asked for because there are too many"`
}

// LinkCheckSums is how many answers are of each state.
type LinkCheckSums struct {
	Works    int `json:"works"`
	Broken   int `json:"broken"`
	Unknown  int `json:"unknown"`
	NotAsked int `json:"not_asked"`
}

// LinkAnswer is what came of asking for one address.
type LinkAnswer struct {
	URL    string    `json:"url"`
	Kind   string    `json:"kind" enum:"link,image"`
	Text   string    `json:"text" doc:"What a reader sees of a link"`
	Part   string    `json:"part" doc:"The path of the part it is in first"`
	State  string    `json:"state" enum:"works,broken,unknown,not asked" doc:"Broken for certain, or not found out"`
	Reason string    `json:"reason" doc:"In words; empty for what works"`
	Status int       `json:"status" doc:"Of HTTP, the last one; 0 without an answer"`
	Method string    `json:"method"`
	Hops   []LinkHop `json:"hops" doc:"What led on, in its order"`
	End    string    `json:"end" doc:"Where that led to; empty when nothing led on"`
}

// LinkHop is an answer that led on.
type LinkHop struct {
	URL    string `json:"url"`
	Status int    `json:"status"`
}

type linkCheckOutput struct{ Body LinkCheck }

func (a *API) checkLinks(ctx context.Context, in *struct {
	IDInput
	Follow bool `query:"follow" default:"true" doc:"Go where a link leads on to"`
}) (*linkCheckOutput, error) {
	r, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	result, err := a.askForLinks(ctx, r.ID, tree, in.Follow)
	if err != nil {
		return nil, err
	}
	out := LinkCheck{At: result.At.UTC(), Links: []LinkAnswer{}, More: result.More, Count: LinkCheckSums{
		Works: result.Count(linkcheck.Works), Broken: result.Count(linkcheck.Broken),
		Unknown: result.Count(linkcheck.Unknown), NotAsked: result.Count(linkcheck.NotAsked),
	}}
	for _, answer := range result.Answers {
		l := LinkAnswer{
			URL: answer.URL, Kind: string(answer.Kind), Text: answer.Text, Part: answer.Part, State: string(answer.State),
			Reason: answer.Reason, Status: answer.Status, Method: answer.Method, Hops: []LinkHop{}, End: answer.End,
		}
		for _, hop := range answer.Hops {
			l.Hops = append(l.Hops, LinkHop(hop))
		}
		out.Links = append(out.Links, l)
	}
	return &linkCheckOutput{out}, nil
}

func (a *API) askForLinks(ctx context.Context, id string, tree *message.Tree, follow bool) (*linkcheck.Result, error) {
	a.release(ctx) // the checker soon needs it no more, but asks for minutes
	result, err := a.config.Links.Check(ctx, id, tree, follow)
	if errors.Is(err, linkcheck.ErrOff) {
		return nil, refuse(http.StatusForbidden, err.Error())
	}
	return result, err
}
