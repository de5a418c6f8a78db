package header

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/checks/facts"
	"github.com/postmuster/postmuster/internal/message"
)

var _ = suite.Add(&checks.Check{
	ID:       "subject-missing",
	Title:    "The message has a Subject",
	Why:      "Readers see (no subject) and pass it by; filters count it.",
	Fix:      "Say in a few words what the message is about.",
	Refs:     []string{"RFC 5322 §3.6.5"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := header(p).First("Subject")
		switch {
		case f == nil:
			missing(p, "Subject")
		case strings.TrimSpace(f.Text()) == "":
			report(p, "the Subject field is empty", f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "unresolved-placeholder",
	Title:    "Subject, From, To and Reply-To hold no template placeholder",
	Why:      "The template was not filled: readers see it at once, and filters know the pattern.",
	Fix:      "Look for the merge field that has no value, or that is misspelt, and stop the run until it is mended.",
	Refs:     []string{"RFC 5322 §3.6.5"},
	Category: headers, Scope: checks.Message, Severity: checks.Blocker, Points: 15,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		for _, name := range []string{"Subject", "From", "To", "Reply-To"} {
			for _, f := range header(p).All(name) {
				if found := facts.Placeholder(f.Text()); found != "" {
					report(p, name+" holds the placeholder "+found, f)
				}
			}
		}
	},
})

// shoutedLetters is how many letters a Subject needs to be called shouted:
// "FAQ" and "RE: SSL" are not.
const shoutedLetters = 10

var _ = suite.Add(&checks.Check{
	ID:       "subject-all-caps",
	Title:    "The Subject is not all capitals",
	Why:      "One in 5,000 proper messages shouts, one in 13 spam messages does: filters count it.",
	Fix:      "Write it as a sentence.",
	Refs:     []string{"https://spamassassin.apache.org/ (SUBJ_ALL_CAPS)"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := field(p, "Subject")
		if f == nil {
			return
		}
		letters := 0
		for _, r := range f.Text() {
			if unicode.IsLower(r) || unicode.IsLetter(r) && !unicode.IsUpper(r) { // also scripts without case
				return
			}
			if unicode.IsUpper(r) {
				letters++
			}
		}
		if letters >= shoutedLetters {
			report(p, "the Subject is all capitals", f)
		}
	},
})

var shouting = regexp.MustCompile(`!!|\${3}|(!.*){3}`)

var _ = suite.Add(&checks.Check{
	ID:       "subject-shouting-punctuation",
	Title:    "The Subject has few exclamation marks",
	Why:      "Spam has !! and $$$ in its subjects 25 times as often as proper mail: filters count it.",
	Fix:      "One exclamation mark is enough.",
	Refs:     []string{"https://spamassassin.apache.org/ (PLING_PLING)"},
	Category: headers, Scope: checks.Message, Severity: checks.Low, Points: 2,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		if f := field(p, "Subject"); f != nil && shouting.MatchString(f.Text()) {
			report(p, "the Subject shouts", f)
		}
	},
})

// longSubject is the length in characters from which Rspamd counts.
const longSubject = 200

var _ = suite.Add(&checks.Check{
	ID:       "subject-too-long",
	Title:    "The Subject has at most 200 characters",
	Why:      "Readers see the first 40 to 80; filters count a long one.",
	Fix:      "Say in a few words what the message is about.",
	Refs:     []string{"RFC 5322 §3.6.5", "https://rspamd.com/ (LONG_SUBJ)"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := field(p, "Subject")
		if f == nil {
			return
		}
		if n := utf8.RuneCountInString(f.Text()); n > longSubject {
			report(p, fmt.Sprintf("the Subject has %d characters", n), f)
		}
	},
})

var replyPrefix = regexp.MustCompile(`(?i)^\s*(re|fwd?|aw|wg|sv|rv|tr)\s*(\[\d+\])?:`)

var _ = suite.Add(&checks.Check{
	ID:       "subject-fake-reply",
	Title:    "Only answers and forwarded messages have Re: or Fwd: in the Subject",
	Why:      "A conversation that never was deceives readers; providers and filters count it.",
	Fix:      "Leave the prefix out, or refer to the message that is answered in In-Reply-To.",
	Refs:     []string{"RFC 5322 §3.6.5", "RFC 5322 §3.6.4"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 4,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := field(p, "Subject")
		if f == nil || !replyPrefix.MatchString(f.Text()) {
			return
		}
		h := header(p)
		for _, name := range []string{"In-Reply-To", "References", "Resent-From", "Thread-Index"} {
			if h.First(name) != nil {
				return
			}
		}
		report(p, "the Subject says that this is an answer, and nothing says to what", f)
	},
})

var urlInText = regexp.MustCompile(`(?i)\b(https?://|www\.)\S+`)

var _ = suite.Add(&checks.Check{
	ID:       "subject-url",
	Title:    "The Subject holds no URL",
	Why:      "Filters count it heavily, and nobody can click it there.",
	Fix:      "Put the link into the body.",
	Refs:     []string{"https://rspamd.com/ (URL_IN_SUBJECT)"},
	Category: headers, Scope: checks.Message, Severity: checks.Medium, Points: 5,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		f := field(p, "Subject")
		if f == nil {
			return
		}
		if url := urlInText.FindString(f.Text()); url != "" {
			report(p, "the Subject holds "+url, f)
		}
	},
})

var _ = suite.Add(&checks.Check{
	ID:       "header-injection-suspect",
	Title:    "No encoded word hides a line end or a NUL",
	Why:      "Whoever decodes it may add a header field: that is how header injection through a form looks.",
	Fix:      "Refuse line ends in what users type before it becomes a header field.",
	Refs:     []string{"RFC 2047 §5", "RFC 5322 §2.2"},
	Category: headers, Scope: checks.Message, Severity: checks.High, Points: 10,
	Needs: treeFact,
	Eval: func(p *checks.Pass) {
		judgeWords(p, func(d message.Defect) string {
			if d.Kind == message.EncodedWordControl {
				return "an encoded word hides a control character"
			}
			return ""
		})
	},
})
