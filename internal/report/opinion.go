package report

import (
	"fmt"
	"math"
	"strings"
)

// An Opinion is what a spam filter says of a message. It is no part of the score.
type Opinion struct {
	Filter   string   `json:"filter"` // "spamassassin", "rspamd"
	Spam     bool     `json:"spam"`
	Score    float64  `json:"score"`
	Required float64  `json:"required"`         // from which the filter calls it spam
	Action   string   `json:"action,omitempty"` // what the filter would do with it
	Symbols  []Symbol `json:"symbols,omitempty"`
	Error    string   `json:"error,omitempty"` // why there is no opinion; all else is empty
}

// A Symbol is a rule of a spam filter that fits a message.
type Symbol struct {
	Name  string   `json:"name"`
	Score *float64 `json:"score,omitempty"` // nil when the filter does not say
	// Description is what the filter says of the rule; it may quote the message.
	Description string `json:"description,omitempty"`
}

// shownSymbols is how many of them a reader is shown.
const shownSymbols = 10

// text is the opinion in a line.
func (o Opinion) text() string {
	if o.Error != "" {
		return o.Filter + " did not answer: " + printable(o.Error)
	}
	verdict := "no spam"
	if o.Spam {
		verdict = "spam"
	}
	if o.Action != "" {
		verdict += ", " + printable(o.Action)
	}
	s := fmt.Sprintf("%s says %s: %s of %s", o.Filter, verdict, tenths(o.Score), tenths(o.Required))
	var names []string
	for _, symbol := range o.Symbols {
		if len(names) == shownSymbols {
			names = append(names, fmt.Sprintf("%d more", len(o.Symbols)-shownSymbols))
			break
		}
		name := printable(symbol.Name)
		if symbol.Score != nil {
			name += " " + tenths(*symbol.Score)
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		s += "; " + strings.Join(names, ", ")
	}
	return s
}

// tenths writes a number with one decimal; there is no -0.0.
func tenths(n float64) string { return fmt.Sprintf("%.1f", math.Round(n*10)/10+0) }
