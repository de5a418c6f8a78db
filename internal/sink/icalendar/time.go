package icalendar

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms of a date and of a date with a time (RFC 5545 §3.3.4, §3.3.5).
const (
	dayForm   = "20060102"
	clockForm = "20060102T150405"
)

// time reads a DATE or DATE-TIME with its zone.
func (r *reader) time(l line) Time {
	value, isUTC := strings.CutSuffix(l.value, "Z")
	if day, err := time.Parse(dayForm, value); err == nil {
		return Time{Known: true, Clock: day, Day: true}
	}
	clock, err := time.Parse(clockForm, value)
	if err != nil {
		return Time{}
	}
	t := Time{Known: true, Clock: clock, Zone: l.params["TZID"]}
	if isUTC {
		t.Zone = "UTC"
	}
	return r.inZone(t)
}

// inZone computes UTC. What the object says of a zone goes before what the system
// knows, for the names of some programs are not those of IANA.
func (r *reader) inZone(t Time) Time {
	switch t.Zone {
	case "", "Local": // that of the reader, which is not ours
		return t
	case "UTC":
		t.UTC = t.Clock
		return t
	}
	if z := r.zones[t.Zone]; z != nil {
		if offset, ok := z.offset(t.Clock); ok {
			t.UTC = t.Clock.Add(-offset)
			return t
		}
	}
	if location, err := time.LoadLocation(t.Zone); err == nil {
		c := t.Clock
		t.UTC = time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), 0, location).UTC()
	}
	return t
}

var durationForm = regexp.MustCompile(`^\+?P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$`)

// after returns the time that a DURATION leads to (RFC 5545 §3.3.6). An event on a
// day without one takes that day; another takes no time (RFC 5545 §3.6.1).
func (t Time) after(duration string) Time {
	m := durationForm.FindStringSubmatch(duration)
	if !t.Known || m == nil {
		return Time{}
	}
	var d time.Duration
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if m[i+1] != "" {
			n, _ := strconv.Atoi(m[i+1]) // the form bounds it, and so the sum
			d += time.Duration(n) * unit
		}
	}
	t.Clock = t.Clock.Add(d)
	if !t.UTC.IsZero() {
		t.UTC = t.UTC.Add(d)
	}
	return t
}

// A zone is a VTIMEZONE: what its clocks are set to, from when on.
type zone struct{ observances []observance }

// An observance is a STANDARD or DAYLIGHT (RFC 5545 §3.6.5).
type observance struct {
	offset  time.Duration
	known   bool // offset was given
	start   time.Time
	yearly  bool // it begins again each year
	complex bool // it begins in a way that is not understood
	month   time.Month
	weekday time.Weekday
	nth     int // of the weekday in the month; -1 is the last
}

// maxObservances: a zone has two, or as many as its history has.
const maxObservances = 100

func (z *zone) begin() {
	if len(z.observances) < maxObservances {
		z.observances = append(z.observances, observance{})
	}
}

func (z *zone) read(l line) {
	o := &z.observances[len(z.observances)-1]
	switch l.name {
	case "TZOFFSETTO":
		o.offset, o.known = offset(l.value)
	case "DTSTART":
		start, err := time.Parse(clockForm, l.value)
		o.complex = o.complex || err != nil
		o.start = start
	case "RRULE":
		rule := parseRule(l.value)
		days := rule.days
		if rule.frequency != "YEARLY" || len(rule.months) != 1 || len(days) != 1 || days[0].nth == 0 || rule.other || !rule.until.IsZero() {
			o.complex = true
			return
		}
		o.yearly, o.month, o.weekday, o.nth = true, rule.months[0], days[0].day, days[0].nth
	case "RDATE":
		o.complex = true
	}
}

// offset reads ±hhmm[ss] (RFC 5545 §3.3.14).
func offset(text string) (time.Duration, bool) {
	for _, form := range []string{"-0700", "-070000"} {
		if t, err := time.Parse(form, text); err == nil {
			_, seconds := t.Zone()
			return time.Duration(seconds) * time.Second, true
		}
	}
	return 0, false
}

// offset returns how far the clocks of the zone are ahead of UTC when they show a
// time. In the hour that a change repeats it is the one after the change.
func (z *zone) offset(clock time.Time) (time.Duration, bool) {
	var latest time.Time
	var found *observance
	for i := range z.observances {
		o := &z.observances[i]
		if !o.known || o.complex {
			return 0, false
		}
		onset := o.onset(clock)
		if !onset.IsZero() && (found == nil || onset.After(latest)) {
			latest, found = onset, o
		}
	}
	if found == nil {
		return 0, false
	}
	return found.offset, true
}

// onset returns when the observance last began before a time; zero if it had not.
func (o *observance) onset(clock time.Time) time.Time {
	if o.start.After(clock) {
		return time.Time{}
	}
	if !o.yearly {
		return o.start
	}
	for year := clock.Year(); year >= o.start.Year() && year >= clock.Year()-1; year-- {
		if at := o.inYear(year); !at.After(clock) {
			return at
		}
	}
	return o.start
}

func (o *observance) inYear(year int) time.Time {
	h, m, s := o.start.Clock()
	first := time.Date(year, o.month, 1, h, m, s, 0, time.UTC)
	if o.nth < 0 {
		last := time.Date(year, o.month+1, 0, h, m, s, 0, time.UTC)
		back := (int(last.Weekday()) - int(o.weekday) + 7) % 7
		return last.AddDate(0, 0, -back+7*(o.nth+1))
	}
	ahead := (int(o.weekday) - int(first.Weekday()) + 7) % 7
	return first.AddDate(0, 0, ahead+7*(o.nth-1))
}
