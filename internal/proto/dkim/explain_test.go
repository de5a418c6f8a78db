package dkim

import (
	"encoding/base64"
	"strings"
	"testing"
)

// addedPart is what a mailing list makes of a multipart message.
const multipartMessage = "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\n\r\nhello\r\n--b--\r\n"

func TestCausesOfChangedBodies(t *testing.T) {
	simpleForm := func(o *SignOptions) { o.Canonicalization = "simple/simple" }
	base64Body := base64.StdEncoding.EncodeToString([]byte("hello\r\n")) + "\r\n"
	encoded := "From: a@example.com\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	header, _, _ := strings.Cut(testMessage, "\r\n\r\n")
	header += "\r\n\r\n"

	for _, tt := range []struct {
		name     string
		message  string // what was signed
		options  func(*SignOptions)
		old, new string // what happened to it, the last time it occurs
		want     string
	}{
		{"a footer", testMessage, nil, "Alice\r\n\r\n", "Alice\r\n\r\n--\r\nThe list\r\n", "up to line 3 of 6"},
		{"a footer, simple", testMessage, simpleForm, "Alice\r\n\r\n", "Alice\r\n\r\n--\r\nThe list\r\n", "up to line 3 of 6"},
		{"a footer part", multipartMessage, nil, "--b--", "--b\r\n\r\nThe list\r\n--b--", "a MIME part was added at the end"},
		{"a banner", testMessage, nil, "Are you", "CAUTION!\r\n\r\nAre you", "without the first 2 lines"},
		{"a dot doubled", header + "a\r\n.b\r\n", nil, ".b", "..b", "a dot was added"},
		{"a dot lost", header + "..b\r\n", nil, "..b", ".b", "a dot was taken"},
		{"a mailbox file", header + "a\r\nFrom here\r\n", nil, "From here", ">From here", "mailbox file"},
		{"bare CRs became lines", header + "a\nb\r\n", simpleForm, "a\nb", "a\rb", "every CR ends a line"},
		{"encoded anew", encoded + "hello\r\n", nil, "hello\r\n", base64Body, "encoded as base64"},
		{"converted to UTF-8", header + "caf\xe9\r\n", nil, "caf\xe9", "café", "from ISO-8859-1 to UTF-8"},
		{"converted to ISO-8859-1", header + "café\r\n", nil, "café", "caf\xe9", "from UTF-8 to ISO-8859-1"},
		{"another word", testMessage, nil, "hungry", "thirsty", "no simple change explains it: words were changed"},
		{"white space, simple", testMessage, simpleForm, "you  hungry", "you hungry", "words or white space were changed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			message := sign(t, tt.message, tt.options)
			at := strings.LastIndex(message, tt.old)
			message = message[:at] + tt.new + message[at+len(tt.old):]
			got := verifyOne(t, testZone(t), message)
			if got.Result != ResultFail || got.BodyHash != BodyHashMismatch || !hasCause(got, CodeBodyChanged, tt.want) {
				t.Errorf("%s, body %s, want a cause with %q in %v", got.Result, got.BodyHash, tt.want, got.Issues)
			}
			if !hasCause(got, CodeBodyChanged, "the header was not changed") {
				t.Errorf("the header is right, but not said to be in %v", got.Issues)
			}
		})
	}
}

// Signers that do something else than their fields say.
func TestCausesInTheSigner(t *testing.T) {
	for _, tt := range []struct {
		name, body, tags, want string
	}{
		{"relaxed, though c= says simple", "a  b\r\n", "c=relaxed/simple", "in the relaxed form"},
		{"an empty body", "", "c=relaxed/relaxed", "hash of an empty body"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other := strings.Replace(testMessage, "Are you  hungry?\t\r\n\r\nAlice\r\n\r\n", tt.body, 1)
			message := strings.Replace(sign(t, other, nil), "c=relaxed/relaxed", tt.tags, 1)
			if tt.body == "" {
				message += "a body\r\n"
			}
			if got := verifyOne(t, testZone(t), message); !hasCause(got, CodeBodyChanged, tt.want) {
				t.Errorf("want a cause with %q in %v", tt.want, got.Issues)
			}
		})
	}
	lf := strings.Replace(sign(t, testMessage, nil), bodyHashOf(t, testMessage, "\r\n"), bodyHashOf(t, testMessage, "\n"), 1)
	if got := verifyOne(t, testZone(t), lf); !hasCause(got, CodeBodyChanged, "lines that end in LF") {
		t.Errorf("LF was not found out: %v", got.Issues)
	}
}

func bodyHashOf(tb testing.TB, message, eol string) string {
	tb.Helper()
	s := parseSignature(ReadMessage([]byte(sign(tb, message, nil))), 0, kindDKIM)
	h := newBodyHasher(s.hash, s.body, noLimit)
	h.eol = eol
	h.lines(ReadMessage([]byte(message)).body)
	return encode(h.sum(nil))
}

func TestCausesOfChangedHeaders(t *testing.T) {
	for _, tt := range []struct {
		name     string
		message  string
		options  func(*SignOptions)
		old, new string // the first time it occurs
		want     string
	}{
		{"a list's tag", testMessage, nil, "Subject: Dinner", "Subject: [friends] Dinner", `matches "Dinner"`},
		{"a list's tag and more", testMessage, nil, "Subject: Dinner", "Subject: [EXTERNAL] Re: Dinner", `matches "Dinner"`},
		{"a filter's tag", testMessage, nil, "Subject: Dinner", "Subject: ***SPAM*** Dinner", `matches "Dinner"`},
		{"From rewritten", testMessage, nil, "From: Alice <alice@example.com>", "From: Alice via list <l@example.org>\r\nX-Original-From: Alice <alice@example.com>", "From was rewritten"},
		{"a field added that must not be", testMessage, nil, "To: Bob", "Cc: eve@example.org\r\nTo: Bob", "without Cc"},
		{"folded anew under simple", testMessage, func(o *SignOptions) { o.Canonicalization = "simple/simple" }, "To: Bob <", "To: Bob\r\n <", "when it is on one line"},
		{"encoded", strings.Replace(testMessage, "Dinner", "Dîner", 1), nil, "Dîner", "=?utf-8?q?D=C3=AEner?=", "Subject was encoded"},
		{"transfer encoding", "Content-Transfer-Encoding: 8bit\r\n" + testMessage, nil, "8bit", "7bit", "with Content-Transfer-Encoding 8bit"},
		{"a field taken away", testMessage, nil, "Message-ID: <1@example.com>\r\n", "", "may have been removed: reply-to, cc, message-id"},
		{"another word", testMessage, nil, "Dinner", "Lunch", "the key is the right one"},
		{"another word, Ed25519", testMessage, func(o *SignOptions) { o.Selector, o.Key = "ed", ed25519TestKey() }, "Dinner", "Lunch", "no simple change"},
		{"a list's tag, Ed25519", testMessage, func(o *SignOptions) { o.Selector, o.Key = "ed", ed25519TestKey() }, "Dinner", "[l] Dinner", `matches "Dinner"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := verifyOne(t, testZone(t), strings.Replace(sign(t, tt.message, tt.options), tt.old, tt.new, 1))
			if got.Result != ResultFail || got.BodyHash != BodyHashMatch || !hasCause(got, CodeHeaderChanged, tt.want) {
				t.Errorf("%s, body %s, want a cause with %q in %v", got.Result, got.BodyHash, tt.want, got.Issues)
			}
		})
	}
}

func TestCopiedFieldsTellWhatChanged(t *testing.T) {
	message := resign(t, testMessage, "s=s;", "s=s; z=From:Alice=20<alice@example.com>|Subject:Dinner;")
	got := verifyOne(t, testZone(t), strings.Replace(message, "Subject: Dinner", "Subject: Lunch", 1))
	if !hasCause(got, CodeHeaderChanged, `"Subject" was "Dinner"`) || hasCause(got, CodeHeaderChanged, `"From" was`) {
		t.Errorf("%v", got.Issues)
	}
}

func hasCause(s Signature, code Code, text string) bool {
	for _, i := range s.Issues {
		if i.Code == code && strings.Contains(i.Message, text) {
			return true
		}
	}
	return false
}
