package icalendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A rule is an RRULE, as far as it can be said in words.
type rule struct {
	frequency string
	interval  int
	count     int
	until     time.Time
	days      []weekday
	monthDays []int
	months    []time.Month
	other     bool // it says more
}

// A weekday may be the nth of its month or year, from the end when negative.
type weekday struct {
	nth int
	day time.Weekday
}

var (
	weekdays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
	units    = map[string]string{"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year", "HOURLY": "hour"}
)

const (
	maxRule  = 1000 // bytes: all months and all days of one take 300
	maxCount = 1_000_000
)

func parseRule(text string) rule {
	r := rule{interval: 1, other: len(text) > maxRule}
	for part := range strings.SplitSeq(text[:min(len(text), maxRule)], ";") {
		name, value, _ := strings.Cut(part, "=")
		r.other = !r.part(strings.ToUpper(name), strings.ToUpper(value)) || r.other
	}
	return r
}

// part reads one part of the rule, and reports whether it is understood.
func (r *rule) part(name, value string) bool {
	var err error
	switch name {
	case "FREQ":
		r.frequency = value
	case "INTERVAL":
		r.interval, err = positive(value)
	case "COUNT":
		r.count, err = positive(value)
	case "UNTIL":
		r.until, err = time.Parse(dayForm, value[:min(len(value), len(dayForm))])
	case "WKST", "": // when a week begins matters to programs only
	case "BYDAY":
		for text := range strings.SplitSeq(value, ",") {
			i := slices.Index(weekdays, text[max(0, len(text)-2):])
			nth, bad := 0, error(nil)
			if len(text) > 2 {
				nth, bad = strconv.Atoi(text[:len(text)-2])
			}
			if i < 0 || bad != nil || nth < -53 || nth > 53 {
				return false
			}
			r.days = append(r.days, weekday{nth, time.Weekday(i)})
		}
	case "BYMONTHDAY":
		for text := range strings.SplitSeq(value, ",") {
			n, bad := strconv.Atoi(text)
			if bad != nil || n == 0 || n < -31 || n > 31 {
				return false
			}
			r.monthDays = append(r.monthDays, n)
		}
	case "BYMONTH":
		for text := range strings.SplitSeq(value, ",") {
			n, bad := strconv.Atoi(text)
			if bad != nil || n < 1 || n > 12 {
				return false
			}
			r.months = append(r.months, time.Month(n))
		}
	default:
		return false
	}
	return err == nil
}

func positive(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && (n < 1 || n > maxCount) {
		err = strconv.ErrRange
	}
	return n, err
}

// Repeats says the rule of an event in words: "every 2 weeks on Monday, 10 times".
// What cannot be said is as it was written.
func (e Event) Repeats() string {
	if e.Rule == "" {
		return ""
	}
	r := parseRule(e.Rule)
	words := r.words()
	if words == "" {
		words = "by the rule " + e.Rule
	}
	if e.Except > 0 {
		words += fmt.Sprintf(", except %d", e.Except)
	}
	return words
}

func (r *rule) words() string {
	unit := units[r.frequency]
	if unit == "" || r.other {
		return ""
	}
	words := "every " + unit
	if r.interval > 1 {
		words = fmt.Sprintf("every %d %ss", r.interval, unit)
	}
	var days []string
	for _, d := range r.days {
		days = append(days, d.words())
	}
	for _, n := range r.monthDays {
		days = append(days, monthDay(n))
	}
	if len(days) > 0 {
		words += " on " + and(days)
	}
	var months []string
	for _, m := range r.months {
		months = append(months, m.String())
	}
	if len(months) > 0 {
		words += " in " + and(months)
	}
	switch {
	case r.count == 1:
		words += ", once"
	case r.count > 1:
		words += fmt.Sprintf(", %d times", r.count)
	case !r.until.IsZero():
		words += ", until " + r.until.Format("2 Jan 2006")
	}
	return words
}

func (w weekday) words() string {
	switch {
	case w.nth == 0:
		return w.day.String()
	case w.nth == -1:
		return "the last " + w.day.String()
	case w.nth < 0:
		return fmt.Sprintf("the %s %s from the end", ordinal(-w.nth), w.day)
	default:
		return fmt.Sprintf("the %s %s", ordinal(w.nth), w.day)
	}
}

func monthDay(n int) string {
	switch {
	case n == -1:
		return "the last day"
	case n < 0:
		return fmt.Sprintf("the %s day from the end", ordinal(-n))
	default:
		return fmt.Sprintf("the %s", ordinal(n))
	}
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

func and(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return words[0]
}
