package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/sink/extract"
)

func (a *API) registerExtracts(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "list-links", Method: http.MethodGet, Path: prefix + "/messages/{id}/links", Tags: []string{"messages"},
		Summary: "The links of a message; nothing is fetched",
	}, a.links)
	register(a, api, huma.Operation{
		OperationID: "list-codes", Method: http.MethodGet, Path: prefix + "/messages/{id}/codes", Tags: []string{"messages"},
		Summary: "What looks like a one-time code in a message, the likeliest first",
	}, a.codes)
}

// A Link is a link of a message.
type Link struct {
	URL  string `json:"url"`
	Text string `json:"text" doc:"What a reader sees of it, in HTML"`
	Part string `json:"part" doc:"The path of the part it is in"`
}

// Links are the links of a message.
type Links struct {
	Links []Link `json:"links"`
}

func (a *API) links(ctx context.Context, in *ContentInput) (*Tagged[Links], error) {
	r, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	out := Links{[]Link{}}
	for _, l := range extract.Links(tree) {
		out.Links = append(out.Links, Link(l))
	}
	return unchanging(in.IfNoneMatch, fixed(r), out), nil
}

// A Code is what looks like a one-time code.
type Code struct {
	Code    string `json:"code" doc:"Without the spaces and hyphens it may be written with"`
	Written string `json:"written"`
	Part    string `json:"part" doc:"The path of the part it is in; empty for the subject"`
}

// Codes are the one-time codes of a message.
type Codes struct {
	Codes []Code `json:"codes"`
}

func (a *API) codes(ctx context.Context, in *ContentInput) (*Tagged[Codes], error) {
	r, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	out := Codes{[]Code{}}
	for _, c := range extract.Codes(r.Subject, tree) {
		out.Codes = append(out.Codes, Code(c))
	}
	return unchanging(in.IfNoneMatch, fixed(r), out), nil
}
