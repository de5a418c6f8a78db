package checktest

import (
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/proto/dkim"
)

const signedCase = `A signed message.
-- sign --
selector: s1
-- sign --
selector: s2
change: Hello => Hallo
-- message --
From: a@example.com
Subject: Hello

Hello <repeat 3 x->
`

// Signatures of a case verify in the world of the case, the newest on top, and
// what was changed later does not.
func TestSign(t *testing.T) {
	w, err := newWorld(txtar.Parse([]byte(signedCase)), checks.Message)
	if err != nil {
		t.Fatal(err)
	}
	report := dkim.Verify(t.Context(), w.resolver, w.subject.Message.Canonical(), Now)
	var got []string
	for _, s := range report.Signatures {
		got = append(got, s.Selector+" "+string(s.Result)+" "+string(s.Fault))
	}
	want := "[s2 fail signature s1 fail signature]" // the second change hit the Subject, which both sign
	if s := "[" + got[0] + " " + got[1] + "]"; s != want {
		t.Errorf("signatures are %s, want %s", s, want)
	}

	again, err := newWorld(txtar.Parse([]byte(signedCase)), checks.Message)
	if err != nil {
		t.Fatal(err)
	}
	if string(w.subject.Message.Raw) != string(again.subject.Message.Raw) {
		t.Error("signing the same case twice gives different messages")
	}
}
