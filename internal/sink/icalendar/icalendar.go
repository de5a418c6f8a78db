// Package icalendar reads what the iCalendar in a message tells its reader: what
// happens, when, where, and who is asked (RFC 5545, RFC 5546).
//
// It reads what it understands and leaves out the rest, for a calendar program
// does so, too; it judges nothing and computes no occurrences.
package icalendar

import (
	"net/url"
	"strings"
	"time"
)

// The bounds of what is read: invitations have kilobytes, and tens of lines.
const (
	maxText      = 1 << 20
	maxLines     = 10_000
	maxLine      = 64 << 10
	maxParams    = 32
	maxDepth     = 8
	maxName      = 32 // bytes of a component's name
	maxEvents    = 10
	maxAttendees = 100
	maxZones     = 20
	maxExcepted  = 1000
)

// A Calendar is one iCalendar object.
type Calendar struct {
	Method string // in upper case, such as REQUEST; empty when there is none
	Events []Event
	More   int // events that were left out
}

// An Event is a VEVENT.
type Event struct {
	Summary, Location, Description, URL string
	Status                              string // in upper case: CONFIRMED, TENTATIVE, CANCELLED

	Start Time
	End   Time // exclusive; not Known when there is none
	Rule  string
	// Except is how many occurrences of the rule were taken out.
	Except int

	Organizer *Person
	Attendees []Person
	More      int // attendees that were left out
}

// A Time is when something begins or ends.
type Time struct {
	Known bool
	Clock time.Time // as the clock on the wall shows it; its location means nothing
	Day   bool      // a day without a time
	Zone  string    // TZID as written, or UTC; empty: wherever the reader is
	UTC   time.Time // zero where the zone is not known, or there is none
}

// A Person is an organizer or attendee.
type Person struct {
	Name, Address string
	Role          string // in upper case, such as OPT-PARTICIPANT
	Answer        string // PARTSTAT in upper case, such as ACCEPTED
}

// Parse reads the first iCalendar object of a text; ok is false if there is none.
func Parse(text string) (c *Calendar, ok bool) {
	r := reader{zones: map[string]*zone{}}
	for _, physical := range unfold(text[:min(len(text), maxText)]) {
		if l, isLine := parseLine(physical); isLine {
			r.read(l)
		}
		if r.ended {
			break
		}
	}
	if r.calendar == nil {
		return nil, false
	}
	for i := range r.events {
		if i == maxEvents {
			break
		}
		r.calendar.Events = append(r.calendar.Events, r.event(r.events[i]))
	}
	r.calendar.More = max(0, len(r.events)-maxEvents)
	return r.calendar, true
}

// A reader is where the text has led so far.
type reader struct {
	within   []string // the components that are open
	calendar *Calendar
	events   [][]line
	zones    map[string]*zone
	zone     *zone // that is being read
	ended    bool
}

func (r *reader) read(l line) {
	switch l.name {
	case "BEGIN":
		r.begin(strings.ToUpper(l.value))
	case "END":
		r.end()
	default:
		r.property(l)
	}
}

func (r *reader) begin(name string) {
	if len(r.within) == maxDepth {
		r.ended = true
		return
	}
	if len(name) > maxName {
		name = "" // of no component that is read
	}
	r.within = append(r.within, name)
	switch strings.Join(r.within, "/") {
	case "VCALENDAR":
		r.calendar = &Calendar{}
	case "VCALENDAR/VEVENT":
		r.events = append(r.events, nil)
	case "VCALENDAR/VTIMEZONE":
		r.zone = &zone{}
	case "VCALENDAR/VTIMEZONE/STANDARD", "VCALENDAR/VTIMEZONE/DAYLIGHT":
		r.zone.begin()
	}
}

func (r *reader) end() {
	if len(r.within) == 0 {
		return
	}
	r.within = r.within[:len(r.within)-1]
	r.ended = len(r.within) == 0 && r.calendar != nil
}

func (r *reader) property(l line) {
	switch strings.Join(r.within, "/") {
	case "VCALENDAR":
		if l.name == "METHOD" {
			r.calendar.Method = strings.ToUpper(l.value)
		}
	case "VCALENDAR/VEVENT":
		if n := len(r.events); n <= maxEvents {
			r.events[n-1] = append(r.events[n-1], l)
		}
	case "VCALENDAR/VTIMEZONE":
		if l.name == "TZID" && len(r.zones) < maxZones {
			r.zones[l.value] = r.zone
		}
	case "VCALENDAR/VTIMEZONE/STANDARD", "VCALENDAR/VTIMEZONE/DAYLIGHT":
		r.zone.read(l)
	}
}

// event reads an event once all zones are known.
func (r *reader) event(lines []line) Event {
	var e Event
	var duration string
	for _, l := range lines {
		switch l.name {
		case "SUMMARY":
			e.Summary = plain.Replace(l.value)
		case "LOCATION":
			e.Location = plain.Replace(l.value)
		case "DESCRIPTION":
			e.Description = plain.Replace(l.value)
		case "URL":
			e.URL = l.value
		case "STATUS":
			e.Status = strings.ToUpper(l.value)
		case "DTSTART":
			e.Start = r.time(l)
		case "DTEND":
			e.End = r.time(l)
		case "DURATION":
			duration = l.value
		case "RRULE":
			e.Rule = l.value
		case "EXDATE":
			e.Except = min(maxExcepted, e.Except+1+strings.Count(l.value, ","))
		case "ORGANIZER":
			p := person(l)
			e.Organizer = &p
		case "ATTENDEE":
			if len(e.Attendees) < maxAttendees {
				e.Attendees = append(e.Attendees, person(l))
			} else {
				e.More++
			}
		}
	}
	if !e.End.Known {
		e.End = e.Start.after(duration)
	}
	return e
}

// person reads a calendar user; the address is a mailto: URI most of the time.
func person(l line) Person {
	p := Person{Name: l.params["CN"], Address: l.value, Role: strings.ToUpper(l.params["ROLE"]), Answer: strings.ToUpper(l.params["PARTSTAT"])}
	const scheme = "mailto:"
	if len(p.Address) > len(scheme) && strings.EqualFold(p.Address[:len(scheme)], scheme) {
		p.Address = p.Address[len(scheme):]
		if decoded, err := url.PathUnescape(p.Address); err == nil {
			p.Address = decoded
		}
	}
	return p
}
