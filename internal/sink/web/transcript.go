package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/sink/store"
	"github.com/postmuster/postmuster/internal/smtp"
)

// transcriptView is an SMTP session, line by line.
type transcriptView struct {
	Lines []transcriptLine
	Cut   bool
	Known bool // there was a session
}

type transcriptLine struct {
	At    string // since the session began
	From  smtp.Direction
	Class string // "client", "server", "note" or "fault"
	Who   string // for those who do not see the class
	Code  string // of a reply
	Text  string
}

func (v *view) transcript(url.Values) (any, error) { return newTranscript(v.message.Session), nil }

func newTranscript(s *message.Session) transcriptView {
	if s == nil {
		return transcriptView{}
	}
	t := transcriptView{Known: true, Cut: s.TranscriptCut}
	for _, l := range s.Transcript {
		t.Lines = append(t.Lines, newTranscriptLine(l))
	}
	return t
}

func newTranscriptLine(l smtp.Line) transcriptLine {
	t := transcriptLine{At: elapsed(l.At), From: l.From, Text: shown(l.Text)}
	switch {
	case l.From == smtp.FromClient:
		t.Class, t.Who = "client", "client"
	case l.From == smtp.FromServer:
		t.Class, t.Who = "server", "server"
		if len(l.Text) >= 3 && strings.Trim(l.Text[:3], "0123456789") == "" {
			t.Code, t.Text = l.Text[:3], shown(l.Text[3:])
		}
	case isFault(l.Text):
		t.Class, t.Who = "fault", "fault on purpose"
	default:
		t.Class, t.Who = "note", "note"
	}
	return t
}

// isFault reports whether a note tells of a fault that was injected.
func isFault(text string) bool { return strings.HasPrefix(strings.ToLower(text), "fault") }

func elapsed(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// sessionsLength is how many sessions a page of them has.
const sessionsLength = 50

type sessionView struct {
	store.FailedSession
	Transcript transcriptView
}

// showSessions shows the sessions that brought no message.
func (p *Page) showSessions(w http.ResponseWriter, r *http.Request) error {
	before := uint64(number(r.URL.Query().Get("before"), 0))
	sessions, err := p.config.Store.FailedSessions(r.Context(), before, sessionsLength)
	if err != nil {
		return err
	}
	var body struct {
		Sessions []sessionView
		Older    string
	}
	for _, s := range sessions {
		body.Sessions = append(body.Sessions, sessionView{s, newTranscript(s.Session)})
	}
	if len(sessions) == sessionsLength {
		body.Older = p.paths.withQuery("/sessions", url.Values{"before": {strconv.FormatUint(sessions[len(sessions)-1].Seq, 10)}})
	}
	return p.render(w, r, http.StatusOK, shell{Title: "Sessions without a message", View: "wide", Body: "sessions", Wide: body})
}
