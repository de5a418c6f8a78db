package icalendar

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// berlin is the zone as Outlook writes it: no other program knows its name.
const berlin = `BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`

func at(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
}

func TestInvitation(t *testing.T) {
	got, ok := Parse("\nBEGIN:VCALENDAR\r\nVERSION:2.0\nMETHOD:request\n" + berlin + `BEGIN:VEVENT
DTSTART;TZID="W. Europe Standard Time":20261207T100000
DTEND;TZID=W. Europe Standard Time:20261207T113000
SUMMARY;LANGUAGE=en:Planning\, with
  coffee\; and cake
LOCATION:Room 4\nExample Street 1
organizer;CN="Bob; Builder":MAILTO:bob%2Bcal@example.com
ATTENDEE;CN=Ada ^'A^';ROLE=opt-participant;PARTSTAT=accepted;X-A=1:mailto:ada@example.net
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10
EXDATE:20261209T100000,20261221T100000
STATUS:CONFIRMED
URL:https://meet.example.com/4711
BEGIN:VALARM
SUMMARY:not of the event
END:VALARM
this is no content line
END:VEVENT
END:VCALENDAR
BEGIN:VCALENDAR
METHOD:CANCEL
END:VCALENDAR
`)
	want := &Calendar{Method: "REQUEST", Events: []Event{{
		Summary: "Planning, with coffee; and cake", Location: "Room 4\nExample Street 1", URL: "https://meet.example.com/4711", Status: "CONFIRMED",
		Start:     Time{Known: true, Clock: at(2026, 12, 7, 10, 0), Zone: "W. Europe Standard Time", UTC: at(2026, 12, 7, 9, 0)},
		End:       Time{Known: true, Clock: at(2026, 12, 7, 11, 30), Zone: "W. Europe Standard Time", UTC: at(2026, 12, 7, 10, 30)},
		Rule:      "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10",
		Except:    2,
		Organizer: &Person{Name: "Bob; Builder", Address: "bob+cal@example.com"},
		Attendees: []Person{{Name: `Ada "A"`, Address: "ada@example.net", Role: "OPT-PARTICIPANT", Answer: "ACCEPTED"}},
	}}}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("Parse() differs (-want +got), %v:\n%s", ok, diff)
	}
	if got, want := got.Events[0].Repeats(), "every 2 weeks on Monday and Wednesday, 10 times, except 2"; got != want {
		t.Errorf("it repeats %q, want %q", got, want)
	}
}

func event(lines string) string {
	return "BEGIN:VCALENDAR\n" + berlin + "BEGIN:VEVENT\n" + lines + "\nEND:VEVENT\nEND:VCALENDAR\n"
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		start, end  Time
	}{
		{"UTC", "DTSTART:20261207T090000Z\nDURATION:PT1H30M",
			Time{Known: true, Clock: at(2026, 12, 7, 9, 0), Zone: "UTC", UTC: at(2026, 12, 7, 9, 0)}, Time{Known: true, Clock: at(2026, 12, 7, 10, 30), Zone: "UTC", UTC: at(2026, 12, 7, 10, 30)}},
		{"wherever the reader is", "DTSTART:20261207T090000", Time{Known: true, Clock: at(2026, 12, 7, 9, 0)}, Time{}},
		{"two days", "DTSTART;VALUE=DATE:20261207\nDTEND;VALUE=DATE:20261209",
			Time{Known: true, Clock: at(2026, 12, 7, 0, 0), Day: true}, Time{Known: true, Clock: at(2026, 12, 9, 0, 0), Day: true}},
		{"summer", "DTSTART;TZID=W. Europe Standard Time:20260701T100000", Time{Known: true, Clock: at(2026, 7, 1, 10, 0), Zone: "W. Europe Standard Time", UTC: at(2026, 7, 1, 8, 0)}, Time{}},
		{"before the change", "DTSTART;TZID=W. Europe Standard Time:20260329T015900", Time{Known: true, Clock: at(2026, 3, 29, 1, 59), Zone: "W. Europe Standard Time", UTC: at(2026, 3, 29, 0, 59)}, Time{}},
		{"after the change", "DTSTART;TZID=W. Europe Standard Time:20260329T030000", Time{Known: true, Clock: at(2026, 3, 29, 3, 0), Zone: "W. Europe Standard Time", UTC: at(2026, 3, 29, 1, 0)}, Time{}},
		{"a zone of nobody", "DTSTART;TZID=Nowhere/At All:20261207T100000", Time{Known: true, Clock: at(2026, 12, 7, 10, 0), Zone: "Nowhere/At All"}, Time{}},
		{"a zone that is a path", "DTSTART;TZID=../../etc/passwd:20261207T100000", Time{Known: true, Clock: at(2026, 12, 7, 10, 0), Zone: "../../etc/passwd"}, Time{}},
		{"our own zone is not meant", "DTSTART;TZID=Local:20261207T100000", Time{Known: true, Clock: at(2026, 12, 7, 10, 0), Zone: "Local"}, Time{}},
		{"no time", "DTSTART:tomorrow\nDURATION:PT1H", Time{}, Time{}},
	} {
		got, ok := Parse(event(c.lines))
		if !ok || len(got.Events) != 1 {
			t.Fatalf("%s: Parse() = %+v, %v", c.name, got, ok)
		}
		if diff := cmp.Diff([]Time{c.start, c.end}, []Time{got.Events[0].Start, got.Events[0].End}); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestRepeats(t *testing.T) {
	for rule, want := range map[string]string{
		"":                                     "",
		"FREQ=DAILY":                           "every day",
		"FREQ=WEEKLY;WKST=MO":                  "every week",
		"freq=weekly;byday=fr;until=20261231":  "every week on Friday, until 31 Dec 2026",
		"FREQ=MONTHLY;BYDAY=-1SU":              "every month on the last Sunday",
		"FREQ=MONTHLY;BYDAY=2TU":               "every month on the 2nd Tuesday",
		"FREQ=MONTHLY;BYMONTHDAY=1,15,-1":      "every month on the 1st, the 15th and the last day",
		"FREQ=YEARLY;BYMONTH=3;BYDAY=-2SU":     "every year on the 2nd Sunday from the end in March",
		"FREQ=YEARLY;COUNT=1":                  "every year, once",
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1":     "by the rule FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1",
		"FREQ=WEEKLY;BYDAY=XX":                 "by the rule FREQ=WEEKLY;BYDAY=XX",
		"FREQ=WEEKLY;COUNT=-1":                 "by the rule FREQ=WEEKLY;COUNT=-1",
		"COUNT=1":                              "by the rule COUNT=1",
		"FREQ=DAILY;INTERVAL=99999999999999":   "by the rule FREQ=DAILY;INTERVAL=99999999999999",
		"FREQ=DAILY;UNTIL=20261231T235959Z":    "every day, until 31 Dec 2026",
		"FREQ=DAILY;INTERVAL=3;BYMONTH=12,1,2": "every 3 days in December, January and February",
	} {
		if got := (Event{Rule: rule}).Repeats(); got != want {
			t.Errorf("%q repeats %q, want %q", rule, got, want)
		}
	}
}

func TestNoCalendar(t *testing.T) {
	for _, text := range []string{"", "hello", "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT", "END:VCALENDAR"} {
		if got, ok := Parse(text); ok {
			t.Errorf("Parse(%q) = %+v, want none", text, got)
		}
	}
}

func TestBounds(t *testing.T) {
	many := "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\n"+strings.Repeat("ATTENDEE:mailto:ada@example.net\n", 150)+"END:VEVENT\n", 12) + "END:VCALENDAR\n"
	got, ok := Parse(many)
	if !ok || len(got.Events) != maxEvents || got.More != 2 || len(got.Events[0].Attendees) != maxAttendees || got.Events[0].More != 50 {
		t.Errorf("Parse() = %d events and %d more, %v", len(got.Events), got.More, ok)
	}
	if got, ok := Parse(strings.Repeat("BEGIN:VCALENDAR\n", 100_000)); !ok || len(got.Events) != 0 {
		t.Errorf("Parse() = %+v, %v", got, ok)
	}
}

// Every line is read within its components: their names are not to cost as much as
// the lines together.
func TestLongNamesOfComponents(t *testing.T) {
	long := "BEGIN:" + strings.Repeat("X", maxLine-10) + "\n"
	text := "BEGIN:VCALENDAR\n" + strings.Repeat(long, maxDepth-1) + strings.Repeat("A:\n", maxLines)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, ok := Parse(text); !ok {
		t.Error("Parse() finds no calendar")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d bytes are allocated for a text of %d", used, len(text))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(event("DTSTART;TZID=W. Europe Standard Time:20261207T100000\nDURATION:P1W\nRRULE:FREQ=MONTHLY;BYDAY=-1SU\nATTENDEE;CN=\"a:b\":mailto:a@example.net\nSUMMARY:a\\nb\n c"))
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := Parse(text)
		if !ok {
			return
		}
		if len(c.Events) > maxEvents {
			t.Errorf("%d events", len(c.Events))
		}
		for _, e := range c.Events {
			if (e.Repeats() == "") != (e.Rule == "") {
				t.Errorf("the rule %q is in words %q", e.Rule, e.Repeats())
			}
			if len(e.Summary) > 2*maxLine || len(e.Attendees) > maxAttendees {
				t.Errorf("%d bytes of summary, %d attendees", len(e.Summary), len(e.Attendees))
			}
		}
	})
}
