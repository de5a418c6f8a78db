package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/htmlsupport"
	"github.com/postmuster/postmuster/internal/message"
)

func (a *API) registerHTMLCheck(api huma.API) {
	register(a, api, huma.Operation{
		OperationID: "check-html", Method: http.MethodGet, Path: prefix + "/messages/{id}/html-check", Tags: []string{"messages"},
		Summary: "Which mail clients support what the HTML of a message uses, by caniemail.com; nothing is fetched",
	}, a.checkHTML)
}

// maxExcerpt is how much of a place is quoted.
const maxExcerpt = 200

// HTMLCheck is how mail clients support the HTML of a message.
type HTMLCheck struct {
	Part        string        `json:"part" doc:"The path of the part it is about; empty when the message has no HTML"`
	Source      string        `json:"source" doc:"Whose tests these are"`
	Updated     string        `json:"updated" doc:"The day of the data, as 2026-05-13"`
	Supported   float64       `json:"supported" doc:"Per cent of the pairs of a feature that is used and a client that was tested; all clients weigh the same"`
	Partial     float64       `json:"partial" doc:"Per cent that is supported in part"`
	Unsupported float64       `json:"unsupported" doc:"Per cent that is not supported"`
	Tests       int           `json:"tests" doc:"The number of those pairs"`
	Features    []HTMLFeature `json:"features" doc:"What is not supported everywhere; what hurts most clients first"`
	Clients     []HTMLClient  `json:"clients" doc:"Those that are hurt most first"`
	CutBytes    int           `json:"cut_bytes" doc:"How much at the end of the HTML was not looked at"`
}

// HTMLFeature is something of HTML or CSS that the message uses.
type HTMLFeature struct {
	Slug     string       `json:"slug"`
	Title    string       `json:"title"`
	Category string       `json:"category" enum:"html,css,image,others"`
	URL      string       `json:"url"`
	Harmless bool         `json:"harmless" doc:"Who does not support it shows the message plainer, and nothing else"`
	Advice   string       `json:"advice"`
	Found    int          `json:"found" doc:"How often it is used"`
	Places   []HTMLPlace  `json:"places" doc:"The first 20 of them"`
	Clients  []HTMLResult `json:"clients" doc:"Those that do not support it, or in part"`
	Yes      int          `json:"yes" doc:"How many clients support it"`
	Partial  int          `json:"partial"`
	No       int          `json:"no"`
}

// HTMLPlace is where a feature is used.
type HTMLPlace struct {
	Line   int    `json:"line" doc:"Of the decoded HTML, counted from 1"`
	Offset int    `json:"offset" doc:"In bytes of the decoded HTML, as UTF-8"`
	Length int    `json:"length"`
	Text   string `json:"text" doc:"Its beginning"`
}

// HTMLResult is how a client supports a feature.
type HTMLResult struct {
	Name    string   `json:"name"`
	Support string   `json:"support" enum:"partial,no"`
	Version string   `json:"version" doc:"Of the client, or the month of the test"`
	Notes   []string `json:"notes" doc:"In Markdown"`
}

// HTMLClient is how much of what the message uses a client supports.
type HTMLClient struct {
	Name    string `json:"name"`
	Yes     int    `json:"yes" doc:"Features"`
	Partial int    `json:"partial"`
	No      int    `json:"no"`
}

func (a *API) checkHTML(ctx context.Context, in *ContentInput) (*Tagged[HTMLCheck], error) {
	_, tree, err := a.tree(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	// The tag is that of the content: another version of the program has other data.
	return tagged(in.IfNoneMatch, htmlCheck(tree)), nil
}

// htmlPart is the first HTML that a reader is shown; nil when there is none.
func htmlPart(tree *message.Tree) *message.Part {
	for _, p := range tree.Parts {
		if p.MediaType == "text/html" && !p.IsAttachment() {
			return p
		}
	}
	return nil
}

func htmlCheck(tree *message.Tree) HTMLCheck {
	out := HTMLCheck{Source: "https://www.caniemail.com/", Updated: htmlsupport.Updated(), Features: []HTMLFeature{}, Clients: []HTMLClient{}}
	text := ""
	if p := htmlPart(tree); p != nil {
		out.Part, text = p.Path, p.Text
	}
	r := htmlsupport.Check(text)
	out.Supported, out.Partial, out.Unsupported = r.Percent(r.Yes), r.Percent(r.Partial), r.Percent(r.No)
	out.Tests, out.CutBytes = r.Yes+r.Partial+r.No, r.Cut
	for _, u := range r.Uses {
		if u.Hurt() > 0 {
			out.Features = append(out.Features, htmlFeature(u, text))
		}
	}
	for _, c := range r.Clients {
		out.Clients = append(out.Clients, HTMLClient{Name: c.Name, Yes: c.Yes, Partial: c.Partial, No: c.No})
	}
	return out
}

func htmlFeature(u *htmlsupport.Use, text string) HTMLFeature {
	f := HTMLFeature{
		Slug: u.Slug, Title: u.Title, Category: u.Category, URL: u.URL(), Harmless: u.Harmless, Advice: u.Advice, Found: u.Found,
		Places: []HTMLPlace{}, Clients: []HTMLResult{}, Yes: u.Yes, Partial: u.Partial, No: u.No,
	}
	for _, p := range u.Places {
		f.Places = append(f.Places, HTMLPlace{
			Line: p.Line, Offset: p.Offset, Length: p.End - p.Offset, Text: strings.ToValidUTF8(clip(text[p.Offset:p.End], maxExcerpt), ""),
		})
	}
	for _, r := range u.Results {
		if r.Support == htmlsupport.Yes {
			continue
		}
		result := HTMLResult{Name: r.Client.Name, Support: string(r.Support), Version: r.Version, Notes: []string{}}
		for _, n := range r.Notes {
			result.Notes = append(result.Notes, u.Notes[n])
		}
		f.Clients = append(f.Clients, result)
	}
	return f
}
