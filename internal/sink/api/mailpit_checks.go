package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/internal/htmlsupport"
	"github.com/postmuster/postmuster/internal/report"
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

type mailpitLinks struct {
	Errors int
	Links  []mailpitLink
}

type mailpitLink struct {
	URL        string
	StatusCode int
	Status     string
}

// mailpitLinkCheck counts as errors what Mailpit does: whatever is not answered
// with a status below 400. It asks, though its method is GET; so it is neither for
// a link that another site led a browser to, nor for those who may read only.
func (a *API) mailpitLinkCheck(w http.ResponseWriter, r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return refuse(http.StatusForbidden, "links are not asked for because another site leads here")
	}
	if a.config.ReadOnly != nil && a.config.ReadOnly(r) {
		return refuse(http.StatusForbidden, "links may act when they are asked for: this token may read, and change nothing")
	}
	record, tree, err := a.mailpitTree(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	follow := r.FormValue("follow") == "true"
	result, err := a.askForLinks(r.Context(), record.ID, tree, follow)
	if err != nil {
		return err
	}
	out := mailpitLinks{Links: []mailpitLink{}}
	for _, answer := range result.Answers {
		l := mailpitLink{URL: answer.URL, StatusCode: answer.Status, Status: http.StatusText(answer.Status)}
		if follow && l.StatusCode/100 == 3 {
			l.StatusCode = 0 // there is no answer at the end
		}
		if l.StatusCode == 0 {
			l.Status = answer.Reason
		}
		if l.StatusCode == 0 || l.StatusCode >= http.StatusBadRequest {
			out.Errors++
		}
		out.Links = append(out.Links, l)
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

type mailpitSpam struct {
	Error  string
	IsSpam bool
	Rules  []mailpitRule // null with an error
	Score  float64
}

type mailpitRule struct {
	Score             float64
	Name, Description string
}

// mailpitSpamCheck waits for what SpamAssassin said when the message came.
func (a *API) mailpitSpamCheck(w http.ResponseWriter, r *http.Request) error {
	if !a.config.asks(spamAssassin) {
		return refuse(http.StatusForbidden, "no SpamAssassin was named at start: see --spamd")
	}
	in, err := a.mailpitInput(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	record, err := a.one(r.Context(), in)
	if err != nil {
		return err
	}
	if !a.waiting.take() {
		return refuse(http.StatusTooManyRequests, "too many are waiting already")
	}
	defer a.waiting.leave()
	list, err := a.awaitOpinions(r.Context(), record.ID)
	if err != nil {
		return err
	}
	out := mailpitSpam{Error: "SpamAssassin was not asked when the message came"}
	for _, o := range list {
		if o.Filter == spamAssassin {
			out = newMailpitSpam(o)
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func newMailpitSpam(o report.Opinion) mailpitSpam {
	if o.Error != "" {
		return mailpitSpam{Error: o.Error}
	}
	out := mailpitSpam{IsSpam: o.Spam, Score: o.Score, Rules: []mailpitRule{}}
	for _, s := range o.Symbols {
		rule := mailpitRule{Name: s.Name, Description: s.Description}
		if s.Score != nil {
			rule.Score = *s.Score
		}
		out.Rules = append(out.Rules, rule)
	}
	return out
}
