package verdict

import (
	"slices"

	"github.com/postmuster/postmuster/checks"
)

// Score is a ledger: 100 less the points off in each category, each category
// capped. It is worked out in integers.
type Score struct {
	Value int `json:"value"` // by what was found out
	Low   int `json:"low"`   // if everything that could not be found out were wrong
	High  int `json:"high"`  // if all of it were right
	// Grade depends on Value alone.
	Grade string `json:"grade"`
	// Evaluated of the Applicable checks came to an answer.
	Evaluated  int        `json:"evaluated"`
	Applicable int        `json:"applicable"`
	Categories []Category `json:"categories"`
}

// Category is a row of the ledger.
type Category struct {
	Name string `json:"name"`
	Cap  int    `json:"cap"` // the most that the category can cost
	Off  int    `json:"off"` // what it costs, at most Cap
}

const (
	fullScore  = 100
	blockerCap = 40 // the best score of a subject whose mail is being refused or lost

	// defaultCap is for categories of checks that we do not know.
	defaultCap = 20
)

// caps sum to more than 100 on purpose: what is bad everywhere reaches 0, but
// no single category sinks a subject.
var caps = map[checks.Scope]map[string]int{
	checks.Domain: {
		"dns": 10, "mx": 25, "spf": 20, "dkim": 20, "dmarc": 20, "transport": 20, "reverse-dns": 10,
		"blocklist": 20, "mta-sts": 10, "tls-rpt": 5, "dane": 10, "dnssec": 5, "bimi": 5,
	},
	checks.Message: {
		"authentication": 45, "identity": 20, "headers": 20, "structure": 20, "content": 20, "links": 20,
		"list": 20, "attachments": 20, "transport": 15, "filter": 15,
	},
}

// CapOf returns the most points that a category can cost a subject.
func CapOf(scope checks.Scope, category string) int {
	if limit, ok := caps[scope][category]; ok {
		return limit
	}
	return defaultCap
}

type account struct {
	limit      int
	off, worst int // points off for certain; and if what is unknown is wrong
}

// score works out the ledger of applicable results.
func score(results []Result) Score {
	s := Score{Categories: []Category{}}
	accounts := map[string]*account{}
	blocked, maybeBlocked := false, false
	for _, r := range results {
		if r.Outcome == checks.OutcomeSkip || r.Waived != nil {
			continue
		}
		a := accounts[r.Check.Category]
		if a == nil {
			a = &account{limit: CapOf(r.Check.Scope, r.Check.Category)}
			accounts[r.Check.Category] = a
		}
		s.Applicable++
		a.off += r.Off()
		a.worst += r.mostOff()
		if r.Outcome == checks.OutcomePass || r.Outcome == checks.OutcomeFail {
			s.Evaluated++
		}
		if r.Severity == checks.Blocker {
			blocked = blocked || r.Outcome == checks.OutcomeFail
			maybeBlocked = maybeBlocked || r.Outcome != checks.OutcomePass
		}
	}
	s.Value, s.Low = fullScore, fullScore
	for name, a := range accounts {
		s.Value -= min(a.limit, a.off)
		s.Low -= min(a.limit, a.worst)
		s.Categories = append(s.Categories, Category{Name: name, Cap: a.limit, Off: min(a.limit, a.off)})
	}
	slices.SortFunc(s.Categories, func(a, b Category) int { return compareCategories(a, b) })
	s.Value = capped(s.Value, blocked)
	s.Low = capped(s.Low, maybeBlocked)
	s.High = s.Value
	s.Grade = Grade(s.Value)
	return s
}

func capped(points int, blocked bool) int {
	if blocked {
		points = min(points, blockerCap)
	}
	return max(points, 0)
}

func compareCategories(a, b Category) int {
	if a.Name < b.Name {
		return -1
	}
	return 1
}

// Grade returns the letter for a score.
func Grade(value int) string {
	switch {
	case value >= 90:
		return "A"
	case value >= 80:
		return "B"
	case value >= 70:
		return "C"
	case value >= 55:
		return "D"
	default:
		return "F"
	}
}
