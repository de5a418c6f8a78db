package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/icalendar"
)

// The bounds of the events that are shown above a message.
const (
	maxCalendars = 3
	maxEventText = 4 << 10 // of one text of an event
)

// calendarView is an iCalendar part as its reader's calendar would understand it.
type calendarView struct {
	Part    string // path of the MIME part
	What    string // an invitation, an answer, …
	Method  string
	Differs string // the method that Content-Type has, where it is another one
	Events  []eventView
	More    int
}

type eventView struct {
	icalendar.Event
	When string // in its own zone
	UTC  string // the same in UTC; empty where it is UTC, or not known
}

// methods say what an object with a METHOD is (RFC 5546 §1.4).
var methods = map[string]string{
	"REQUEST": "Invitation", "REPLY": "Answer to an invitation", "CANCEL": "Cancellation", "PUBLISH": "Event", "ADD": "Further date",
	"COUNTER": "Proposal of another time", "DECLINECOUNTER": "Refusal of another time", "REFRESH": "Request for the invitation",
}

// calendars returns what the message's calendar parts say; the same once.
func (v *view) calendars() []calendarView {
	var views []calendarView
	seen := map[string]bool{}
	for _, part := range v.tree.Parts {
		if !isCalendar(part) || encapsulated(part) || len(views) == maxCalendars {
			continue
		}
		text := part.Text
		if text == "" {
			text = strings.ToValidUTF8(string(part.Body[:min(len(part.Body), maxShown)]), "\uFFFD")
		}
		c, ok := icalendar.Parse(text)
		if !ok || len(c.Events) == 0 || seen[text] {
			continue
		}
		seen[text] = true
		views = append(views, newCalendarView(part, c))
	}
	return views
}

// isCalendar reports whether a part is an event. Programs send it a second time,
// as a file.
func isCalendar(part *message.Part) bool {
	return part.MediaType == "text/calendar" || part.MediaType == "application/ics"
}

func newCalendarView(part *message.Part, c *icalendar.Calendar) calendarView {
	view := calendarView{Part: part.Path, What: methods[c.Method], Method: c.Method, More: c.More}
	if view.What == "" {
		view.What = "Event"
	}
	// RFC 6047 §2.4 has them the same; Outlook shows no invitation otherwise.
	if declared, ok := part.Params["method"]; part.MediaType == "text/calendar" && !strings.EqualFold(declared, c.Method) {
		view.Differs = strings.ToUpper(declared)
		if !ok {
			view.Differs = "none"
		}
	}
	for _, e := range c.Events {
		for _, text := range []*string{&e.Summary, &e.Location, &e.Description, &e.URL, &e.Rule} {
			*text = brieflyShown(*text)
		}
		view.Events = append(view.Events, eventView{Event: e, When: inOwnZone(e.Start, e.End), UTC: inUTC(e.Start, e.End)})
	}
	return view
}

func brieflyShown(s string) string {
	text, cut := clip(s, maxEventText)
	if cut > 0 {
		text += fmt.Sprintf(" … (%s more)", size(cut))
	}
	return shown(text)
}

const (
	dayFormat   = "Mon 2 Jan 2006"
	clockFormat = "15:04"
)

// inOwnZone writes from when until when, in the event's own zone.
func inOwnZone(start, end icalendar.Time) string {
	if !start.Known {
		return ""
	}
	if start.Day {
		last := end.Clock.AddDate(0, 0, -1) // the end is exclusive
		if end.Known && last.After(start.Clock) {
			return start.Clock.Format(dayFormat) + " – " + last.Format(dayFormat)
		}
		return start.Clock.Format(dayFormat) + ", all day"
	}
	text := clocks(start.Clock, end.Clock, end.Known && end.Zone == start.Zone)
	switch {
	case start.Zone == "":
		return text + ", in the zone of whoever reads it"
	case start.UTC.IsZero():
		return text + " in " + shown(start.Zone) + ", which is not known"
	default:
		return text + " " + shown(start.Zone)
	}
}

// inUTC writes the same in UTC, where that is another time.
func inUTC(start, end icalendar.Time) string {
	if start.UTC.IsZero() || start.Zone == "UTC" {
		return ""
	}
	return clocks(start.UTC, end.UTC, !end.UTC.IsZero()) + " UTC"
}

func clocks(start, end time.Time, ends bool) string {
	text := start.Format(dayFormat + ", " + clockFormat)
	switch {
	case !ends || end.Equal(start):
		return text
	case end.Format(time.DateOnly) == start.Format(time.DateOnly):
		return text + "–" + end.Format(clockFormat)
	default:
		return text + " – " + end.Format(dayFormat+", "+clockFormat)
	}
}

// answers say a PARTSTAT (RFC 5545 §3.2.12); others are shown as written.
var answers = map[string]string{
	"NEEDS-ACTION": "not answered", "ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "perhaps", "DELEGATED": "sends somebody else",
}

// answer says what a person has answered, and whether they need not come.
func answer(p icalendar.Person) string {
	words := answers[p.Answer]
	if words == "" {
		words = strings.ToLower(shown(p.Answer))
	}
	if p.Role == "OPT-PARTICIPANT" {
		words = strings.TrimPrefix(words+", optional", ", ")
	}
	return words
}
