package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postmuster/postmuster/internal/message"
)

func TestMessageComesBackAsReceived(t *testing.T) {
	random := make([]byte, 3<<20)
	rand.NewChaCha8([32]byte{1}).Read(random)
	messages := map[string]*message.Message{
		"plain":             letter("one"),
		"empty":             {Origin: message.OriginSMTP},
		"nothing but bytes": mail("", "x@example.com", "\x00\xff\r\r\n\n.\r\nno header"),
		"large":             mail("a@example.net", "b@example.com", "Subject: large\r\n\r\n"+string(random)),
		"from a file":       {Raw: []byte("Subject: file\n\nx\n"), Origin: message.OriginFile, Path: "x.eml"},
	}
	modes(t, func(t *testing.T, config Config, _ *clock) {
		s := mustOpen(t, config)
		for name, want := range messages {
			got, err := s.Message(t.Context(), mustAdd(t, s, want).ID)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !bytes.Equal(got.Raw, want.Raw) {
				t.Errorf("%s: its bytes differ", name)
			}
			got.Raw = want.Raw // a difference of large ones takes long to show
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.IgnoreFields(message.Message{}, "Raw")); diff != "" {
				t.Errorf("%s differs (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestRecord(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	raw := "From: =?utf-8?q?Andr=C3=A9?= <andre@example.net>\r\nTo: Bob <b@example.com>, c@example.com\r\nSubject: Order =?utf-8?q?=E2=82=AC?=7\r\n" +
		"Date: Wed, 25 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@example.net>\r\nX-Postmuster-Inbox: Team A\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<style>p{}</style><p>Hello&nbsp;<b>you</b>\r\n" +
		"--b\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Disposition: attachment; filename=x.pdf\r\n\r\nx\r\n--b--\r\n"
	r := mustAdd(t, s, mail("bounce@example.net", "b+Test1@example.com", raw))
	got, err := s.Get(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := &Record{
		ID: r.ID, Seq: 1, Received: begin, Size: int64(len(raw)), MailFrom: "bounce@example.net", Rcpt: []string{"b+Test1@example.com"},
		From: []Mailbox{{"André", "andre@example.net"}}, To: []Mailbox{{"Bob", "b@example.com"}, {"", "c@example.com"}},
		Subject: "Order €7", MessageID: "1@example.net", Date: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), Snippet: "Hello you", Attachments: 1,
		HELO: "client.example.net", Peer: "192.0.2.1:40000", TLS: true, Inboxes: []string{"team a", "test1"},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("Get (-want +got):\n%s", diff)
	}
}

func TestSnippetIsWhatAReaderReads(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	r := mustAdd(t, s, mail("bob@example.com", "ada@example.net", "Subject: invitation\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nSUMMARY:Planning\r\nEND:VCALENDAR\r\n--b\r\nContent-Type: text/plain\r\n\r\nYou are invited.\r\n--b--\r\n"))
	got, err := s.Get(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := "You are invited."; got.Snippet != want {
		t.Errorf("the snippet is %q, want %q", got.Snippet, want)
	}
	if got := subjects(t, s, "planning"); !slices.Equal(got, []string{"invitation"}) {
		t.Errorf("a search for a word of the event finds %q", got)
	}
}

func TestUnknownMessages(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	r := mustAdd(t, s, letter("one"))
	other := formatID(r.Seq, begin.Add(time.Hour).UnixNano())
	for _, id := range []string{"", "x", "../../etc/passwd", other, formatID(2, begin.UnixNano()), strings.ToUpper(r.ID), r.ID + "0"} {
		if _, err := s.Raw(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("Raw(%q) = %v, want ErrNotFound", id, err)
		}
	}
}

func TestPages(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		s := mustOpen(t, config)
		for i := range 10 {
			mustAdd(t, s, letter(fmt.Sprint("m", i)))
		}
		for _, oldest := range []bool{false, true} {
			q := Query{Limit: 4, OldestFirst: oldest, MinSeq: 10, Search: mustSearch(t, "text")}
			var got []string
			for {
				page, err := s.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if page.Total != 10 || page.More {
					t.Errorf("Total = %d, %v, want 10", page.Total, page.More)
				}
				for _, r := range page.Records {
					got = append(got, r.Subject)
				}
				mustAdd(t, s, mail("", "x@example.com", "Subject: new\r\n\r\n")) // shifts nothing
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
			}
			want := "m9 m8 m7 m6 m5 m4 m3 m2 m1 m0"
			if oldest {
				want = "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9"
			}
			if strings.Join(got, " ") != want {
				t.Errorf("pages = %s, want %s", got, want)
			}
		}
		for _, cursor := range []string{"x", "n", "n0", "o5", "n!", "n-1", "nzzzzzzzzzzzzzzzzz"} {
			if _, err := s.List(t.Context(), Query{Cursor: cursor}); !errors.Is(err, ErrCursor) {
				t.Errorf("Cursor %q: %v, want ErrCursor", cursor, err)
			}
		}
		page, err := s.List(t.Context(), Query{Search: mustSearch(t, "text"), CountTo: 5, Offset: 8})
		if err != nil || page.Total != 5 || !page.More || len(page.Records) != 2 || page.Records[0].Subject != "m1" {
			t.Errorf("List with CountTo 5, Offset 8 = %+v, %v", page, err)
		}
		page, err = s.List(t.Context(), Query{After: 9, Limit: 1, OldestFirst: true, MinSeq: lastSeq(s)})
		if err != nil || page.Records[0].Seq != 10 || page.Total < 2 {
			t.Errorf("List after 9 = %+v, %v", page, err)
		}
	})
}

// Who sends a message and then asks for a list finds it there.
func TestListShowsWhatWasJustAcknowledged(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		s := mustOpen(t, config)
		for i := range 50 {
			r := mustAdd(t, s, letter(fmt.Sprint("m", i)))
			page, err := s.List(t.Context(), Query{Limit: 1})
			if err != nil || len(page.Records) == 0 || page.Records[0].ID != r.ID || page.Total != i+1 {
				t.Fatalf("List after message %d = %+v, %v", i, page, err)
			}
		}
	})
}

func TestDeleteTagReadReport(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		s := mustOpen(t, config)
		ctx := t.Context()
		a, b, c := mustAdd(t, s, letter("a")), mustAdd(t, s, letter("b")), mustAdd(t, s, letter("c"))
		if _, err := s.Report(ctx, a.ID); !errors.Is(err, ErrNoReport) {
			t.Errorf("Report = %v, want ErrNoReport", err)
		}
		score(t, s, a.ID, 80, "dkim-missing", "spf-fail")
		score(t, s, a.ID, 70, "dkim-missing")
		if err := s.SetTags(ctx, []string{" x y ", "b", "b"}, a.ID, "unknown"); err != nil {
			t.Fatal(err)
		}
		if err := s.SetRead(ctx, true, a.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Delete(ctx, b.ID, "unknown", b.ID); n != 1 || err != nil {
			t.Errorf("Delete = %d, %v, want 1", n, err)
		}
		if err := s.SetTags(ctx, []string{"a\nb"}, a.ID); !errors.Is(err, ErrTag) {
			t.Errorf("SetTags = %v, want ErrTag", err)
		}
		check := func(s *Store) {
			t.Helper()
			if got, want := subjects(t, s, ""), []string{"c", "a"}; !cmp.Equal(got, want) {
				t.Errorf("List = %v, want %v", got, want)
			}
			r, err := s.Get(ctx, a.ID)
			if err != nil {
				t.Fatal(err)
			}
			if want := (&Score{70, 65, 75, "B"}); !r.Read || !cmp.Equal(r.Tags, []string{"b", "x y"}) || !cmp.Equal(r.Score, want) {
				t.Errorf("Get = %+v, want read, tagged and scored", r)
			}
			report, err := s.Report(ctx, a.ID)
			if err != nil || string(report.JSON) != `{"score":70}` || !cmp.Equal(report.Failed, []string{"dkim-missing"}) {
				t.Errorf("Report = %+v, %v", report, err)
			}
			st, err := s.Stats(ctx)
			if err != nil || st.Messages != 2 || st.Unread != 1 || st.Unscored != 1 || st.Seq != 3 || st.IndexedSeq != 3 {
				t.Errorf("Stats = %+v, %v", st, err)
			}
			if left, err := s.Unscored(ctx, 0, 10); err != nil || !cmp.Equal(left, []Unscored{{c, int64(len(letter("c").Raw))}}) {
				t.Errorf("Unscored = %v, %v, want %v", left, err, c)
			}
			if tags, err := s.Tags(ctx); err != nil || !cmp.Equal(tags, []Tag{{"b", 1}, {"x y", 1}}) {
				t.Errorf("Tags = %v, %v", tags, err)
			}
		}
		check(s)
		if config.Dir != "" {
			for name, remove := range map[string]bool{"after a restart": false, "from a new index": true} {
				s.Close()
				if remove {
					if err := removeIndex(config.Dir + "/" + indexName); err != nil {
						t.Fatal(err)
					}
				}
				t.Log(name)
				s = mustOpen(t, config)
				check(s)
			}
		}
		if n, err := s.DeleteMatching(ctx, mustSearch(t, "is:read")); n != 1 || err != nil {
			t.Errorf("DeleteMatching = %d, %v, want 1", n, err)
		}
		mustAdd(t, s, letter("d"))
		if n, err := s.DeleteMatching(ctx, nil); n != 2 || err != nil {
			t.Errorf("DeleteMatching = %d, %v, want 2", n, err)
		}
		if got := subjects(t, s, ""); len(got) != 0 {
			t.Errorf("List = %v, want none", got)
		}
		if d := mustAdd(t, s, letter("e")); d.Seq != 5 {
			t.Errorf("Seq = %d, want 5: it is never used twice", d.Seq)
		}
	})
}

func TestInboxes(t *testing.T) {
	modes(t, func(t *testing.T, config Config, _ *clock) {
		s := mustOpen(t, config)
		mustAdd(t, s, mail("a@example.net", "b+one@example.com", "Subject: 1\r\n\r\n"))
		m := mail("a@example.net", "b+One+x@example.com", "Subject: 2\r\nX-Postmuster-Inbox: =?utf-8?q?B=C3=BCro?=\r\n\r\n")
		m.Session.AuthIdentity = "app"
		r := mustAdd(t, s, m)
		if err := s.SetRead(t.Context(), true, r.ID); err != nil {
			t.Fatal(err)
		}
		got, err := s.Inboxes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		first := Receipt{formatID(1, begin.UnixNano()), 1}
		want := []Inbox{{"app", 1, 0, r}, {"büro", 1, 0, r}, {"one+x", 1, 0, r}, {"one", 1, 1, first}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Inboxes (-want +got):\n%s", diff)
		}
		if got := subjects(t, s, "inbox:Büro"); !cmp.Equal(got, []string{"2"}) {
			t.Errorf("inbox:Büro finds %v", got)
		}
		again := mustAdd(t, s, mail("a@example.net", "b+one@example.org", "Subject: 3\r\n\r\n"))
		if err := errors.Join(s.SetRead(t.Context(), false, r.ID), s.SetRead(t.Context(), true, again.ID), s.SetRead(t.Context(), true, again.ID)); err != nil {
			t.Fatal(err)
		}
		want = []Inbox{{"one", 2, 1, again}, {"app", 1, 1, r}, {"büro", 1, 1, r}, {"one+x", 1, 1, r}}
		if got, err := s.Inboxes(t.Context()); err != nil || !cmp.Equal(got, want) {
			t.Errorf("Inboxes = %v, %v, want %v", got, err, want)
		}
		if _, err := s.Delete(t.Context(), r.ID, again.ID); err != nil {
			t.Fatal(err)
		}
		want = []Inbox{{"one", 1, 1, first}}
		if got, err := s.Inboxes(t.Context()); err != nil || !cmp.Equal(got, want) {
			t.Errorf("Inboxes = %v, %v, want what is left", got, err)
		}
		if _, err := s.Delete(t.Context(), first.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Inboxes(t.Context()); err != nil || len(got) > 0 {
			t.Errorf("Inboxes = %v, %v, want none", got, err)
		}
	})
}

func TestFailedSessions(t *testing.T) {
	modes(t, func(t *testing.T, config Config, c *clock) {
		s := mustOpen(t, config)
		for i := range MaxFailedSessions + 5 {
			if err := s.AddSession(t.Context(), &message.Session{HELO: fmt.Sprint("h", i)}, "TLS failed"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.waitCommitted(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := s.FailedSessions(t.Context(), 0, 2)
		if err != nil || len(got) != 2 || got[0].Session.HELO != "h1004" || got[0].Reason != "TLS failed" || !got[0].At.Equal(begin) {
			t.Errorf("FailedSessions = %+v, %v", got, err)
		}
		if got, err := s.FailedSessions(t.Context(), 6, 10); err != nil || len(got) != 0 {
			t.Errorf("FailedSessions before 6 = %+v, %v, want none", got, err)
		}
	})
}

// A message that is refused before it is written leaves no file behind.
func TestRefusedLargeMessageLeavesNoFile(t *testing.T) {
	config, _ := testConfig(t)
	s := mustOpen(t, config)
	large := mail("", "x@example.com", incompressible("large", spillBytes+1))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Receive(ended, large); !errors.Is(err, context.Canceled) {
		t.Errorf("Receive = %v, want Canceled", err)
	}
	s.Close()
	for range 10 {
		if err := s.Receive(t.Context(), large); !errors.Is(err, ErrClosed) {
			t.Errorf("Receive = %v, want ErrClosed", err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(config.Dir, logName, "spill-*")); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}

// Lists and events hold many records: one must not be large, whatever its header is.
func TestRecordIsBounded(t *testing.T) {
	config, _ := testConfig(t)
	config.Dir = ""
	s := mustOpen(t, config)
	var raw strings.Builder
	for _, name := range []string{"From", "To", "Cc", "Bcc", "Reply-To"} {
		raw.WriteString(name + ": ")
		for i := range 200 {
			fmt.Fprintf(&raw, "\"%0900d\" <x%d@example.com>,\r\n ", i, i)
		}
		raw.WriteString("last@example.com\r\n")
	}
	m := mail("", "x@example.com", raw.String()+"\r\ntext")
	for i := range 200 {
		m.Envelope.Rcpt = append(m.Envelope.Rcpt, message.Rcpt{To: fmt.Sprintf("%0400d@example.com", i)})
	}
	id := mustAdd(t, s, m).ID
	r, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(r); err != nil || len(text) > 2*listedTotal || len(r.Rcpt) == 0 {
		t.Errorf("the record has %d bytes, %v", len(text), err)
	}
}
