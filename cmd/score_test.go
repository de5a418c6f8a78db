package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postmuster/postmuster/internal/report"
)

const note = "From: Ann <ann@example.com>\nTo: Sam <sam@example.net>\nSubject: lunch\nDate: Mon, 23 Nov 2026 09:59:00 +0000\nMessage-ID: <1@example.com>\n\nAt noon?\n"

// sparse makes a file of a size that takes no disk.
func sparse(t *testing.T, path string, size int64) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(note); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestScoreOfAFile(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	file := l.file("mail.eml", note)
	got := l.ask("score", "--no-blocklists", "--json", "--ip", "192.0.2.10", "--helo", "mx.example.com", "--from", "ann@example.com", "--rcpt", "sam@example.net", file)
	var r report.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	if r.Subject.Kind != "message" || r.Subject.Domain != "example.com" || r.Subject.MessageID != "<1@example.com>" || r.Subject.Name != file {
		t.Errorf("the subject is %+v", r.Subject)
	}
	if result := resultOf(t, &r, "spf-fail"); result.Outcome != "pass" {
		t.Errorf("spf-fail is %q (%s), want pass in the session that the flags tell", result.Outcome, result.Reason)
	}
}

func TestScoreWithoutASessionFailsNothingThatNeedsOne(t *testing.T) {
	l := testEnv(t)
	l.zone("example.com. TXT \"v=spf1 -all\"\n")
	got := l.ask("score", "--no-blocklists", "--json", l.file("mail.eml", note))
	var r report.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	if result := resultOf(t, &r, "spf-fail"); result.Outcome != "inconclusive" || !strings.Contains(result.Reason, "--ip") {
		t.Errorf("spf-fail is %q (%s), want inconclusive, and how to tell the session", result.Outcome, result.Reason)
	}
}

func TestScoreOfMailboxes(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	mbox := l.file("two.mbox", "From ann@example.com Mon Nov 23 10:00:00 2026\n"+note+"\nFrom ann@example.com Mon Nov 23 10:00:00 2026\n"+note+"\n")
	maildir := filepath.Join(l.dir, "Maildir")
	for _, dir := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(maildir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.file("Maildir/new/1.x", note)
	l.In = strings.NewReader(note)
	got := l.ask("score", "--no-blocklists", "--json", mbox, maildir, "-")
	var names []string
	for _, r := range reports(t, got.out) {
		names = append(names, r.Subject.Name)
	}
	want := []string{mbox + "[1]", mbox + "[2]", filepath.Join(maildir, "new", "1.x"), "standard input"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the messages scored (-want +got):\n%s\n%s", diff, got.err)
	}
}

func TestScoreNamesAFileThatIsNone(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	good := l.file("good.eml", note)
	tests := []struct{ name, path, want string }{
		{"missing", filepath.Join(l.dir, "none.eml"), "no such file"},
		{"empty", l.file("empty.eml", ""), "empty; a message with its header fields was expected"},
		{"a folder", l.dir, "a directory without cur and new"},
		{"binary with a colon in it", l.file("random", "\x89M\xe35;\x00\n\xff\x00\nA:\x00\n"), "a binary file"},
		{"binary", l.file("program", "\x7fELF\x02\x01\x01\x00\x00\x00\xff\xfe"), "a binary file"},
		{"200 MB", sparse(t, filepath.Join(l.dir, "huge.eml"), 200<<20), "MB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := l.ask("score", "--no-blocklists", "--json", test.path, good)
			l.wantCode(got, exitUsage)
			if strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, test.path) || !strings.Contains(got.err, test.want) {
				t.Errorf("want one line that names %s and says %q:\n%s", test.path, test.want, got.err)
			}
			if n := len(reports(t, got.out)); n != 1 {
				t.Errorf("%d messages were scored beside it, want 1", n)
			}
		})
	}
}

func TestARecordedMessageIsReplayed(t *testing.T) {
	l := testEnv(t)
	l.zone(inOrder)
	file, record := l.file("mail.eml", note), filepath.Join(l.dir, "mail.rec")
	session := []string{"--no-blocklists", "--ip", "192.0.2.10", "--helo", "mx.example.com", "--from", "ann@example.com", file}
	recorded := l.ask(append([]string{"score", "--record", record}, session...)...)
	elsewhere := testEnv(t)
	replayed := elsewhere.run("score", "--replay", record, file)
	if diff := cmp.Diff(recorded.String(), replayed.String()); diff != "" {
		t.Errorf("the replay differs (-recorded +replayed):\n%s", diff)
	}
}
