package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const invitation = `From: Bob <bob@example.com>
To: ada@example.net
Subject: Planning
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/html

<p>You are invited.</p>
--a
Content-Type: text/calendar; method=CANCEL

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
DTSTART:20261207T090000Z
DURATION:PT90M
SUMMARY:Planning
LOCATION:LONG
STATUS:TENTATIVE
DESCRIPTION:Coffee\, and cake
ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED:mailto:ada@example.net
RRULE:FREQ=WEEKLY;BYDAY=MO
END:VEVENT
END:VCALENDAR
--a--
`

func TestInvitation(t *testing.T) {
	s, b := newSink(t), newTab(t)
	id := s.send("bob@example.com", "ada@example.net", strings.ReplaceAll(invitation, "LONG", strings.Repeat("Room4", 60)))
	page := s.url + "/messages/" + id
	b.open(page)
	b.sees("Mon 7 Dec 2026, 09:00–10:30 UTC")
	b.sees("every week on Monday")
	source := axe(t)
	for _, theme := range []string{"light", "dark"} {
		b.do(chromedp.Evaluate[chromedp.Void](`void (document.cookie = "theme=` + theme + `; path=/")`))
		b.judge(source, theme, page)
		b.screenshot("invitation-" + theme)
	}
	b.do(chromedp.EmulateViewport(360, 740))
	b.open(page)
	if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 360 {
		t.Errorf("the event is %d pixels wide on a screen of 360", wide)
	}
}
