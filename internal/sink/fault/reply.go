package fault

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxReply bounds the text of a reply to a line of RFC 5321 §4.5.3.1.5 without
// its code, and a few of them.
const maxReply = 4 * 500

// A Reply is what is sent.
type Reply struct {
	Code     int
	Enhanced string // "4.7.1"; empty to send none
	Text     string // lines end in "\n"
}

// usual is what a reply says that is given by its code alone.
var usual = map[int]Reply{
	421: {421, "4.3.2", "try again later, closing connection"},
	450: {450, "4.2.0", "mailbox unavailable, try again later"},
	451: {451, "4.3.0", "try again later"},
	452: {452, "4.3.1", "insufficient system storage"},
	454: {454, "4.7.0", "temporarily not available"},
	500: {500, "5.5.2", "syntax error"},
	502: {502, "5.5.1", "command not implemented"},
	503: {503, "5.5.1", "bad sequence of commands"},
	530: {530, "5.7.0", "authentication required"},
	535: {535, "5.7.8", "authentication credentials invalid"},
	550: {550, "5.1.1", "no such user here"},
	552: {552, "5.3.4", "message too big"},
	553: {553, "5.1.3", "mailbox name not allowed"},
	554: {554, "5.7.1", "refused"},
}

var enhancedCode = regexp.MustCompile(`^([245])\.\d{1,3}\.\d{1,3}$`) // RFC 3463 §2

// parseReply reads "451 4.7.1 greylisted", "550 no" or "452".
func parseReply(s string) (*Reply, error) {
	number, text, _ := strings.Cut(strings.TrimSpace(s), " ")
	code, err := strconv.Atoi(number)
	if err != nil || len(number) != 3 || code < 200 || code > 599 || code/100 == 3 {
		return nil, fmt.Errorf("%q does not begin with a code of 2yz, 4yz or 5yz", clip(s))
	}
	r := &Reply{Code: code, Text: strings.TrimSpace(text)}
	if first, rest, _ := strings.Cut(r.Text, " "); enhancedCode.MatchString(first) {
		if first[0] != number[0] {
			return nil, fmt.Errorf("%s and %s are of different classes", number, first) // RFC 2034 §4
		}
		r.Enhanced, r.Text = first, strings.TrimSpace(rest)
	}
	if r.Text == "" {
		r.complete()
	}
	return r, r.check()
}

// complete gives a reply without text the usual one.
func (r *Reply) complete() {
	said, ok := usual[r.Code]
	if !ok {
		said = Reply{Enhanced: number(r.Code/100) + ".0.0", Text: map[int]string{2: "ok", 4: "try again later", 5: "refused"}[r.Code/100]}
	}
	r.Text = said.Text
	if r.Enhanced == "" {
		r.Enhanced = said.Enhanced
	}
}

func (r *Reply) check() error {
	if len(r.Text) > maxReply {
		return fmt.Errorf("a text of more than %d bytes", maxReply)
	}
	if !utf8.ValidString(r.Text) || strings.ContainsFunc(r.Text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' }) {
		return errors.New("a control character in the text")
	}
	return nil
}

// Lines returns the reply as it is on the wire, without line ends.
func (r *Reply) Lines() []string {
	lines := strings.Split(r.Text, "\n")
	for i, line := range lines {
		separator := "-"
		if i == len(lines)-1 {
			separator = " "
		}
		if r.Enhanced != "" {
			line = r.Enhanced + " " + line // RFC 2034 §4: on each line
		}
		lines[i] = number(r.Code) + separator + line
	}
	return lines
}

// String returns the reply as it is written in a script.
func (r *Reply) String() string {
	if r.Enhanced == "" {
		return number(r.Code) + " " + r.Text
	}
	return number(r.Code) + " " + r.Enhanced + " " + r.Text
}

// MarshalText writes the reply as in a script.
func (r *Reply) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// A Duration is written as Go writes it: 1m30s.
type Duration time.Duration

// MarshalText writes the duration as in a script.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func parseDuration(s string, most time.Duration) (Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 500ms or 1m30s", clip(s))
	}
	if d <= 0 || d > most {
		return 0, fmt.Errorf("%s is not between 1ns and %s", s, most)
	}
	return Duration(d), nil
}

// A Probability is between 0 and 1, in millionths, so that it is written as it
// was read.
type Probability int

// Always is the probability of what is not left to chance.
const Always Probability = 1_000_000

// MarshalText writes the probability in percent.
func (p Probability) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(p)/10_000, 'f', -1, 64) + "%"), nil
}

// parseProbability reads "25%" or "0.25".
func parseProbability(s string) (Probability, error) {
	value, percent := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if percent {
		f /= 100
	}
	millionths := math.Round(f * float64(Always))
	if err != nil || !(millionths >= 1 && millionths <= float64(Always)) {
		return 0, fmt.Errorf("%q is not a probability such as 25%% or 0.25", clip(s))
	}
	return Probability(millionths), nil
}

func number(n int) string { return strconv.Itoa(n) }

// clip bounds what is repeated of a script in an error.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
