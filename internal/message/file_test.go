package message

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadMbox(t *testing.T) {
	const box = "From a@example.com Thu Jan  1 00:00:00 2026\nSubject: one\n\n>From the start\n>>From quoted\n\nFrom b@example.com\nSubject: two\n\nno From here\nFrom nowhere\n\n"
	var got []string
	for m, err := range ReadAll(strings.NewReader(box), "in.mbox") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.Path+" "+string(m.Raw))
	}
	want := []string{
		"in.mbox[1] Subject: one\n\nFrom the start\n>From quoted\n",
		"in.mbox[2] Subject: two\n\nno From here\nFrom nowhere\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// A message that is none is named, and the next one is read all the same.
func TestReadMboxGoesOn(t *testing.T) {
	const box = "From a\nnothing\n\nFrom b\nSubject: two\n\nx\n"
	var got []string
	for m, err := range ReadMbox(strings.NewReader(box), "in.mbox") {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, m.Path)
	}
	want := []string{"in.mbox[1]: no header field in it; a message with its header fields was expected (\"From: …\")", "in.mbox[2]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func FuzzReadMbox(f *testing.F) {
	f.Add("From a\nA: b\n\nx\n\nFrom c\r\nA: b\r\n\r\n>From\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		total := 0
		for m, err := range ReadMbox(strings.NewReader(s), "box") {
			if err == nil {
				total += len(m.Raw)
			}
		}
		if total > len(s) {
			t.Fatalf("%d bytes of messages out of %d", total, len(s))
		}
	})
}

// write makes files below a new directory, and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadPath(t *testing.T) {
	dir := write(t, map[string]string{
		"one.eml":          "Subject: a\n\nx\n",
		"box":              "From a\nSubject: a\n\nx\n",
		"maildir/cur/b":    "Subject: b\n\nx\n",
		"maildir/cur/.dot": "ignored",
		"maildir/new/a":    "Subject: a\n\nx\n",
		"maildir/tmp/c":    "Subject: c\n\nx\n",
		"empty.eml":        " \n",
		"binary":           "\x7fELF\x00\x00",
		"prose":            "Dear all,\n\nhello\n",
		"dir/file":         "Subject: a\n\nx\n",
	})
	cases := []struct {
		rule string
		path string
		want []string
	}{
		{"a message", "one.eml", []string{"file one.eml"}},
		{"an mbox", "box", []string{"mbox box[1]"}},
		{"a Maildir, without tmp", "maildir", []string{"maildir maildir/cur/b", "maildir maildir/new/a"}},
		{"nothing there", "missing", []string{"missing: no such file or directory"}},
		{"an empty file", "empty.eml", []string{"empty.eml: empty; a message with its header fields was expected"}},
		{"a binary file", "binary", []string{"binary: a binary file; a message with its header fields was expected"}},
		{"no header field", "prose", []string{"prose: no header field in it; a message with its header fields was expected (\"From: …\")"}},
		{"another directory", "dir", []string{"dir: a directory without cur and new; a message, an mbox or a Maildir was expected"}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			var got []string
			for m, err := range ReadPath(filepath.Join(dir, c.path)) {
				line := ""
				if err != nil {
					line = err.Error()
				} else {
					line = string(m.Origin) + " " + m.Path
				}
				got = append(got, filepath.ToSlash(strings.ReplaceAll(line, dir+string(filepath.Separator), "")))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("ReadPath(%q) (-want +got):\n%s", c.path, diff)
			}
		})
	}
}

// zeros is an endless reader of one byte.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	copy(b, strings.Repeat("a", len(b)))
	return len(b), nil
}

func TestReadRefusesWhatIsTooLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 100 MB")
	}
	_, err := Read(zeros{}, "big.eml")
	if err == nil || err.Error() != "big.eml: larger than 100 MB, which no provider takes" {
		t.Errorf("err = %v", err)
	}
}
