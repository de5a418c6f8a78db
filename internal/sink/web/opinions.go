package web

import (
	"strconv"

	"github.com/postmuster/postmuster/internal/report"
)

// maxRules is how many rules of a spam filter are shown; the report has all.
const maxRules = 100

// An opinionView is what a spam filter says, beside the score.
type opinionView struct {
	report.Opinion
	Name  string
	Rules []ruleView
	More  int
}

// A ruleView is a rule that fits the message.
type ruleView struct {
	Name, Points, Description string
}

// filterNames are the names that readers know.
var filterNames = map[string]string{"spamassassin": "SpamAssassin", "rspamd": "Rspamd"}

func opinionViews(list []report.Opinion) (views []opinionView) {
	for _, o := range list {
		v := opinionView{Opinion: o, Name: filterNames[o.Filter], More: max(0, len(o.Symbols)-maxRules)}
		if v.Name == "" {
			v.Name = o.Filter
		}
		for _, s := range o.Symbols[:len(o.Symbols)-v.More] {
			rule := ruleView{Name: s.Name, Description: s.Description}
			if s.Score != nil {
				rule.Points = points(*s.Score)
			}
			v.Rules = append(v.Rules, rule)
		}
		views = append(views, v)
	}
	return views
}

// points writes what a filter adds or takes away.
func points(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
