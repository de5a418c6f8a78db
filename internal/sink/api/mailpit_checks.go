package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/internal/htmlsupport"
)

type mailpitHTMLCheck struct {
	Total     mailpitHTMLTotal
	Warnings  []mailpitHTMLWarning
	Platforms map[string][]string
}

type mailpitHTMLTotal struct {
	Tests, Nodes                    int
	Supported, Partial, Unsupported float64
}

type mailpitHTMLWarning struct {
	Slug, Title, Description, URL, Category string
	Tags                                    []string
	Keywords                                string
	Results                                 []mailpitHTMLResult
	NotesByNumber                           map[string]string
	Score                                   struct {
		Found                           int
		Supported, Partial, Unsupported float64
	}
}

type mailpitHTMLResult struct {
	Name, Platform, Family, Version string
	Support                         htmlsupport.Support
	NoteNumber                      string
}

// mailpitHTMLCheck tells of the newest version of each client alone.
func (a *API) mailpitHTMLCheck(w http.ResponseWriter, r *http.Request) error {
	_, tree, err := a.mailpitTree(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := htmlPart(tree)
	if p == nil {
		return refuse(http.StatusNotFound, "the message has no HTML part")
	}
	found := htmlsupport.Check(p.Text)
	out := mailpitHTMLCheck{Warnings: []mailpitHTMLWarning{}, Platforms: mailpitPlatforms()}
	out.Total = mailpitHTMLTotal{
		Tests: found.Yes + found.Partial + found.No, Nodes: found.Nodes,
		Supported: found.Percent(found.Yes), Partial: found.Percent(found.Partial), Unsupported: found.Percent(found.No),
	}
	for _, u := range found.Uses {
		if u.Hurt() > 0 {
			out.Warnings = append(out.Warnings, mailpitWarning(u))
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func mailpitWarning(u *htmlsupport.Use) mailpitHTMLWarning {
	out := mailpitHTMLWarning{
		Slug: u.Slug, Title: u.Title, Description: u.Description, URL: u.URL(), Category: u.Category, Tags: orEmpty(u.Tags),
		Keywords: u.Keywords, Results: []mailpitHTMLResult{}, NotesByNumber: map[string]string{},
	}
	for _, r := range u.Results {
		_, platform, _ := strings.Cut(r.Client.ID, ".")
		out.Results = append(out.Results, mailpitHTMLResult{
			Name: r.Client.Name + " (" + r.Version + ")", Platform: platform, Family: r.Client.Family, Version: r.Version,
			Support: r.Support, NoteNumber: strings.Join(r.Notes, " "),
		})
		for _, n := range r.Notes {
			out.NotesByNumber[n] = u.Notes[n]
		}
	}
	percent := func(n int) float64 { return 100 * float64(n) / float64(u.Tests()) }
	out.Score.Found = u.Found
	out.Score.Supported, out.Score.Partial, out.Score.Unsupported = percent(u.Yes), percent(u.Partial), percent(u.No)
	return out
}

// mailpitPlatforms are the families of clients by platform.
func mailpitPlatforms() map[string][]string {
	families := map[string]map[string]bool{}
	for _, c := range htmlsupport.Clients() {
		_, platform, _ := strings.Cut(c.ID, ".")
		if families[platform] == nil {
			families[platform] = map[string]bool{}
		}
		families[platform][c.Family] = true
	}
	out := map[string][]string{}
	for platform, names := range families {
		out[platform] = slices.Sorted(maps.Keys(names))
	}
	return out
}
