package web

import (
	"net/http"
	"strings"
	"testing"
)

const invitation = `From: Bob <bob@example.com>
To: ada@example.net
Subject: Planning
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

You are invited.
--a
Content-Type: text/calendar; method=REPLY; charset=utf-8

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
DTSTART:20261207T090000Z
DTEND:20261207T103000Z
SUMMARY:Planning <script>owned()</script>
LOCATION:Room 4
ORGANIZER;CN=Bob:mailto:bob@example.com
ATTENDEE;CN=Ada;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:ada@example.net
RRULE:FREQ=WEEKLY;BYDAY=MO
END:VEVENT
END:VCALENDAR
--a--
--m
Content-Type: application/ics; name=invite.ics
Content-Disposition: attachment; filename=invite.ics

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:of the file
END:VEVENT
END:VCALENDAR
--m--
`

func TestInvitationIsShownAsEvent(t *testing.T) {
	s := newSite(t)
	id := s.receive(invitation)
	got := textOf(t, s.get("/messages/"+id).Body.String(), "calendar")
	for _, want := range []string{
		"Invitation in part 1.1.2 REQUEST", "Content-Type has method REPLY", "Planning <script>owned()</script>", "When Mon 7 Dec 2026, 09:00–10:30 UTC",
		"Repeats every week on Monday", "Where Room 4", "Organizer Bob bob@example.com", "Ada ada@example.net not answered, optional",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the event says %q, want %q in it", got, want)
		}
	}
	if page := s.get("/messages/" + id).Body.String(); !strings.Contains(page, "of the file") {
		t.Error("the event of the attached file is not shown")
	}
	if page := s.get("/messages/" + id + "/headers").Body.String(); strings.Contains(page, `class="calendar"`) {
		t.Error("the event stands above the header fields, too")
	}
}

func TestTimesOfEvents(t *testing.T) {
	s := newSite(t)
	for lines, want := range map[string]string{
		"DTSTART;TZID=Asia/Tokyo:20261207T100000\nDTEND;TZID=Asia/Tokyo:20261208T010000": "Mon 7 Dec 2026, 10:00 – Tue 8 Dec 2026, 01:00 Asia/Tokyo Mon 7 Dec 2026, 01:00–16:00 UTC",
		"DTSTART;TZID=Moon/Tycho:20261207T100000":                                        "Mon 7 Dec 2026, 10:00 in Moon/Tycho, which is not known",
		"DTSTART:20261207T100000":                                                        "Mon 7 Dec 2026, 10:00, in the zone of whoever reads it",
		"DTSTART;VALUE=DATE:20261207\nDTEND;VALUE=DATE:20261208":                         "Mon 7 Dec 2026, all day",
		"DTSTART;VALUE=DATE:20261207\nDTEND;VALUE=DATE:20261210":                         "Mon 7 Dec 2026 – Wed 9 Dec 2026",
	} {
		// The zone is the object's own, so that the test needs none of the system.
		tokyo := "BEGIN:VTIMEZONE\nTZID:Asia/Tokyo\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n"
		id := s.receive("Subject: x\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n" + tokyo + "BEGIN:VEVENT\n" + lines + "\nEND:VEVENT\nEND:VCALENDAR\n")
		if got := textOf(t, s.get("/messages/"+id).Body.String(), "calendar"); !strings.Contains(got, "When "+want) {
			t.Errorf("%s: the event says %q, want %q", lines, got, want)
		}
	}
}

func TestCalendarThatIsNone(t *testing.T) {
	s := newSite(t)
	id := s.receive("Subject: x\nContent-Type: text/calendar\n\nhello\n")
	if w := s.get("/messages/" + id); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `class="calendar"`) {
		t.Errorf("status %d, and perhaps an event", w.Code)
	}
}
