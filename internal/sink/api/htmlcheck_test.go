package api

import (
	"slices"
	"strings"
	"testing"
)

const newsletter = "From: ann@example.com\nSubject: news\nContent-Type: text/html; charset=utf-8\n\n<p>Hello</p>\n<div style=\"display: grid\">a</div>\n"

func TestHTMLCheck(t *testing.T) {
	s := newSink(t, nil)
	s.add(newsletter)
	var got HTMLCheck
	res := s.want(200, "GET", prefix+"/messages/latest/html-check", nil, &got)
	if got.Part != "1" || got.Supported < 80 || got.Supported >= 100 || got.Tests < 100 || len(got.Clients) < 40 {
		t.Errorf("of part %q %.1f %% in %d tests of %d clients is supported", got.Part, got.Supported, got.Tests, len(got.Clients))
	}
	grid := got.Features[0]
	want := HTMLPlace{Line: 2, Offset: strings.Index("<p>Hello</p>\r\n<div style=\"display", "display"), Length: len("display: grid"), Text: "display: grid"}
	if grid.Slug != "css-display-grid" || grid.Harmless || len(grid.Places) != 1 || grid.Places[0] != want {
		t.Errorf("first of all is %+v, want display:grid at %+v", grid, want)
	}
	if !slices.ContainsFunc(grid.Clients, func(r HTMLResult) bool { return r.Name == "Outlook Windows" && r.Support == "no" }) {
		t.Errorf("Outlook is not among those that have no grid: %+v", grid.Clients)
	}
	if worst := got.Clients[0]; worst.No == 0 {
		t.Errorf("the client that is hurt most is %+v", worst)
	}
	s.want(304, "GET", prefix+"/messages/latest/html-check", nil, nil, "If-None-Match: "+res.Header.Get("ETag"))
}

func TestHTMLCheckOfPlainText(t *testing.T) {
	s := newSink(t, nil)
	s.add(simple("plain"))
	var got HTMLCheck
	s.want(200, "GET", prefix+"/messages/latest/html-check", nil, &got)
	if got.Part != "" || got.Supported != 100 || got.Tests != 0 || len(got.Features) != 0 {
		t.Errorf("of no HTML at all: %+v", got)
	}
	s.want(404, "GET", "/api/v1/message/latest/html-check", nil, nil)
}
